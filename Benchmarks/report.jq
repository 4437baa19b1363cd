# The tables and the document of scripts/bench, from the results of its turns (an object each, slurped).
#   $facts   what was measured, on what
#   $part    "tables": for a terminal; "whole": docs/performance.md

# ---- Figures -------------------------------------------------------------------------------------------------

def median: sort | if length == 0 then null elif length % 2 == 1 then .[length / 2 | floor] else (.[length / 2 - 1] + .[length / 2]) / 2 end;

# A figure of several turns: the median, and the worst, which is the least where more is better.
def figure(more_is_better): map(numbers) | {median: median, worst: (if more_is_better then min else max end)};
def figure: figure(false);

# Reads and writes of a phase of the load, whichever there are.
def kinds: .reads, .writes | select(.);
def share: ([kinds.completed] | add) / ([kinds.due] | add);
def stalls($phase): map(.load[$phase]? | select(.) | [kinds.maxMs] | max) | figure;
def late($phase): map(.load[$phase]? | select(.) | [kinds.p999Ms] | max) | figure;
def p99($phase): map(.load[$phase]? | select(.) | [kinds.p99Ms] | max) | figure;

# What the turns of one program in one row come to.
def summary: {
    row: .[0].row, program: .[0].program, turns: length, outcomes: (map(.outcome) | unique | join(", ")),
    size: .[0].size, before: (map(.extents.before) | median),
    seconds: map(.seconds) | figure, cpu: map(.cpuSeconds) | figure, peak: map(.peakBytes) | figure,
    stall: stalls(2), late: late(2), stallAlone: stalls(1), lateAlone: late(1),
    p99: p99(2), p99Alone: p99(1), lateLocks: map(.locks.p999Ms) | figure, longestLock: map(.locks.maxMs) | figure,
    slice: map(.slices // empty | max) | figure, slices: map(.slices // empty | add) | figure,
    stop: map(.stops // empty | max) | figure,
    through: map(.load | select(.) | [(.[2] | share) / (.[1] | share), 1] | min) | figure(true),
    after: map(.extents.after) | figure, later: map(.extents.later) | figure,
    growth: map(select(.extents.later) | .extents.later / .extents.after) | figure,
    extra: map(.freeBytes.before - .freeBytes.lowest) | figure,
    lowest: map(.freeBytes.lowest) | figure(true),
    reflinkBefore: map(.reflinkSeconds.before) | figure, reflinkAfter: map(.reflinkSeconds.after) | figure
};

# ---- Text ----------------------------------------------------------------------------------------------------

def decimals($places): . * pow(10; $places) | round | tostring
    | if $places == 0 then . else
        (if startswith("-") then "-" else "" end) as $sign | ltrimstr("-")
        | if length <= $places then ("0" * ($places + 1 - length)) + . else . end
        | $sign + .[:length - $places] + "." + .[length - $places:]
      end;

# The median, and the worst in brackets where it reads differently.
def cell($places; scale):
    if .median == null then "" else
        (.median | scale | decimals($places)) as $median | (.worst | scale | decimals($places)) as $worst
        | if $median == $worst then $median else "\($median) (\($worst))" end
    end;
def cell($places): cell($places; .);

# Rows of cells, the first of them the heading, as a table that reads well with and without Markdown. The first $text
# columns are text, the others figures.
def table($text):
    (transpose | map(map(length) | max)) as $widths
    | def pad($i): ($widths[$i] - length) as $n | if $n <= 0 then . elif $i < $text then . + " " * $n else " " * $n + . end;
    def line: to_entries | map(.key as $i | .value | pad($i)) | "| " + join(" | ") + " |";
    (.[0] | line),
    ("|" + ($widths | to_entries | map(if .key < $text then "-" * (.value + 2) else "-" * (.value + 1) + ":" end) | join("|")) + "|"),
    (.[1:][] | line);

def program_name: {
    reflow: "Reflow", "reflow-rested": "Reflow, default duty", versus: "Reflow, the other build", seed: "seed's loop",
    sliced: "Reflow, in slices", interrupted: "Reflow, Ctrl-C", bare: "the barest loop", fsr: "xfs_fsr", cp: "plain copy"}[.];

def results_table:
    [["row", "program", "outcome", "wall s", "CPU s", "memory MiB", "stall ms", "99.9 % ms", "through %", "extents",
      "average KiB", "extents later", "extra MiB", "least free MiB", "reflink before s", "after s"]]
    + (group_by(.row) | sort_by(.[0].order) | map(
        sort_by(.programOrder)
        | (map(select(.reflinkBefore.median)) | .[0].reflinkBefore // {}) as $reflink
        | (map(select(.stallAlone.median)) | if length == 0 then [] else
            [[.[0].row, "load alone", "", "", "", "",
              ({median: (map(.stallAlone.median) | median), worst: (map(.stallAlone.worst) | max)} | cell(1)),
              ({median: (map(.lateAlone.median) | median), worst: (map(.lateAlone.worst) | max)} | cell(1)),
              "100.0", (map(.before) | median | decimals(0)), "", "", "", "", "", ""]]
          end) as $alone
        | $alone + map(
            (.program == "cp") as $copies
            | [.row, (.program | program_name), .outcomes, (.seconds | cell(1)), (.cpu | cell(1)),
             (.peak | cell(0; . / 1048576)), (.stall | cell(1)), (.late | cell(1)), (.through | cell(1; . * 100)),
             (if $copies then "" else .after | cell(0) end),
             (if $copies then "" else .size as $size | {median: ($size / .after.median), worst: ($size / .after.worst)} | cell(0; . / 1024) end),
             (if $copies then "" else .later | cell(0) end),
             (.extra | cell(0; . / 1048576)), (.lowest | cell(0; . / 1048576)),
             (if $copies then .reflinkBefore | cell(3) else "" end), (.reflinkAfter | cell(3))]))
       | add)
    | table(3);

# ---- Targets -------------------------------------------------------------------------------------------------

# A target: what, the figure (null: not measured in this run), at least, aim, whether more is better, unit.
def target($what; $is; $least; $aim; $more; $unit; $places):
    {$what, $is, $least, $aim, $unit, $places,
     reached: (if $is == null then null elif (if $more then $is >= $aim else $is <= $aim end) then "the aim"
               elif (if $more then $is >= $least else $is <= $least end) then "yes" else "NO" end)};
def target($what; $is; $least; $aim; $unit): target($what; $is; $least; $aim; false; $unit; 2);

def over($a; $b): if $a == null or $b == null or $b == 0 then null else $a / $b end;

def targets:
    (map({key: "\(.row) \(.program)", value: .}) | from_entries) as $all
    | def of($row; $program): $all["\($row) \($program)"] // {};
    (map(select(.program | startswith("reflow"))) | map(.peak.worst) | max) as $peak
    # A share of what the same meets beside a copy; no less than a pause and a half.
    | def beside_copy($row; $share): [$share, (over(1.5 * $facts.pause; of($row; "cp").stall.worst) // 0)] | max;
    def stalls($mode; $name): (
        target("longest of 300 buffered writes a second\($name), against the same beside a plain copy";
            over(of("buffered"; $mode).stall.worst; of("buffered"; "cp").stall.worst); beside_copy("buffered"; 0.25); 0.1; " x"),
        ((["live-shared", 0.2], ["live-private", 0.3]) as [$row, $share]
            | target("longest stall, \($row)\($name), against the same beside a plain copy";
                over(of($row; $mode).stall.worst; of($row; "cp").stall.worst); beside_copy($row; $share); 0.1; " x")),
        (("live-shared", "live-private", "live-busy", "live-pressed", "buffered") as $row
            | target("longest stall, \($row)\($name), less that of the load alone, in max-pauses";
                of($row; $mode) | if .stall.worst then ([.stall.worst - .stallAlone.worst, 0] | max) / $facts.pause else null end;
                1.5; 1; "")),
        (of("live-busy"; $mode)
            | target("99.9 % of the locks, live-busy\($name), in max-pauses"; over(.lateLocks.worst; $facts.pause); 1; 1; ""),
              target("longest lock, live-busy\($name), in max-pauses"; over(.longestLock.worst; $facts.pause); 1.5; 1; "")),
        (of("guest"; $mode)
            | target("99 % of a guest\u0027s fsyncs\($name), against it alone"; over(.p99.median; .p99Alone.median); 1.5; 1.1; " x"),
              target("longest of a guest\u0027s fsyncs\($name), against it alone"; over(.stall.worst; .stallAlone.worst); 1.5; 1.1; " x")),
        (("live-shared", "live-private") as $row | target("longest stall, \($row)\($name), against the seed's loop";
            over(of($row; $mode).stall.worst; of($row; "seed").stall.worst); 1 / 12; 1 / 40; false; " x"; 3)),
        (("live-shared", "live-private") as $row | target("I/Os that got through, \($row)\($name), against the load alone";
            (of($row; $mode).through.worst | if . then . * 100 else . end); 99; 100; true; " %"; 1)));
    [
        target("wall time, idle private file, against a plain copy";
            over(of("idle-private"; "reflow").seconds.median; of("idle-private"; "cp").seconds.median); 1.3; 1; " x"),
        stalls("reflow"; ""), stalls("reflow-rested"; " (default duty)"),
        (("live-shared", "live-private", "buffered") as $row | target("longest stall, \($row), at the default duty against 100 %";
            over(of($row; "reflow-rested").stall.worst; of($row; "reflow").stall.worst); 1; 0.7; " x")),
        target("longest slice, against the \($facts.slice) s asked for";
            over(of("huge-sliced"; "sliced").slice.worst; $facts.slice); 1.05; 1; " x"),
        target("all slices of a file, against one run over it";
            over(of("huge-sliced"; "sliced").slices.median; of("huge-sliced"; "reflow").seconds.median); 1.1; 1.02; " x"),
        target("longest time from Ctrl-C to the end, huge-sliced";
            over(of("huge-sliced"; "interrupted").stop.worst; 1000); 0.2; 2 * $facts.pause / 1000; " s"),
        target("extents after, live-shared"; of("live-shared"; "reflow").after.worst; 200; 40; false; ""; 0),
        target("the same while the load went on"; of("live-shared"; "reflow").growth.worst; 1.05; 1; " x"),
        target("extents after, live-private"; of("live-private"; "reflow").after.worst; 64; 16; false; ""; 0),
        target("reflink copy time before / after, idle private file";
            over(of("idle-private"; "cp").reflinkBefore.median; of("idle-private"; "reflow").reflinkAfter.median);
            100; 130; true; " x"; 0),
        target("extra space at any time, idle private file, in windows of 16 MiB";
            over(of("idle-private"; "reflow").extra.worst; 16777216); 2; 1; ""),
        target("time for each extent, huge against idle-private";
            over(over(of("huge"; "reflow").seconds.median; of("huge"; "reflow").before);
                over(of("idle-private"; "reflow").seconds.median; of("idle-private"; "reflow").before)); 1.3; 1; " x"),
        target("peak resident memory, all rows"; over($peak; 1048576); 40; 24; false; " MiB"; 1),
        target("CPU seconds, idle private file, against a plain copy";
            over(of("idle-private"; "reflow").cpu.median; of("idle-private"; "cp").cpu.median); 2.5; 1.5; " x"),
        target("CPU seconds, idle private file, against the barest loop of the same calls";
            over(of("idle-private"; "reflow").cpu.median; of("idle-private"; "bare").cpu.median); 1.2; 1.05; " x")
    ];

def targets_table:
    [["target", "measured", "at least", "aim", "reached"]]
    + (targets | map(. as $target | def text: if . == null then "" else decimals($target.places) + $target.unit end;
        select(.is != null) | [.what, (.is | text), (.least | text), (.aim | text), .reached]))
    | table(1);

# ---- The document --------------------------------------------------------------------------------------------

["idle-private", "idle-shared", "live-private", "live-shared", "live-busy", "live-pressed", "buffered", "guest", "huge",
    "huge-sliced", "nearly-full", "fragmented-space"] as $rows
| ["reflow", "reflow-rested", "versus", "sliced", "interrupted", "bare", "seed", "fsr", "cp"] as $programs
| group_by([.row, .program]) | map(summary | . + {order: (.row as $row | $rows | index($row)),
    programOrder: (.program as $program | $programs | index($program))})
| if $part == "tables" then results_table, "", targets_table
  else
"# Performance

Written by `scripts/bench`; run it again rather than edit this.

| | |
|---|---|
| machine | \($facts.machine) |
| disk | \($facts.disk), loop devices on it: \($facts.backing) |
| kernel | \($facts.kernel) |
| xfsprogs | \($facts.xfsprogs) |
| date | \($facts.date), \($facts.minutes) minutes |
| Reflow | \($facts.version) |
| turns | \($facts.rounds) of each program in each row\(if $facts.quick == 1 then ", **small files and short loads (--quick): the figures mean little**" else "" end) |

## Targets
Ratios within this run, at `--max-pause \($facts.pause)ms`: times and CPU by medians, everything else by the worst of all turns.
",
targets_table,
"
## Figures
Median of all turns, and in brackets the worst where it differs.
",
results_table,
"
## What the figures are
- **row** \(map(select(.program == "reflow")) | sort_by(.order) | map("`\(.row)`: \(.size / 1048576) MiB in \(.before | decimals(0)) extents") | join("; ")).
  `idle-`: nobody uses the file. `live-`: 300 reads and 300 writes a second, direct, 4 KiB, at random places. `buffered`: 300 buffered
  4 KiB writes a second, as QEMU makes them with `cache=writeback`. `-private`: its backups are deleted. `-shared` and `buffered`: a
  reflink copy shares all of it. `live-busy`: `live-shared`, beside a thread for each processor that never sleeps. `live-pressed`:
  `live-shared`, with \($facts.pressed) MiB of memory, page cache included, for the load and the program together. `guest`: a machine that
  qemu emulates, with ext4 on the file (shared; `cache=none`), writes and fsyncs 4 KiB 50 times a second.
  `nearly-full`: 8 % of the file system are free, less than the file is large. `fragmented-space`: all free space lies in pieces of 64 KiB.
- **program** Reflow: `reflow-worker defrag --max-pause \($facts.pause)ms --duty 100%`, or with the default duty. The seed's loop: clone, unshare,
  fdatasync and punch for each 16 MiB, nothing read ahead, no rest (`Benchmarks/seed-loop.c`). The barest loop: the same, each
  16 MiB read ahead. In slices: of \($facts.slice) s, each with the state of the one before, as in a rollout (`soak slices`: this build's
  engine). Ctrl-C: 12 runs at 100 %, interrupted at random moments of their first \($facts.slice * 1.5) s. `xfs_fsr -v`. A plain copy:
  `cp --reflink=never` and `sync` of the copy: what reading the file and writing it anew costs, however it is done.
- **wall, CPU, memory** of the program until its end; CPU is user and system time; memory is the peak resident set, pages of mapped
  files included. What the kernel does elsewhere for it (writing back, the loop device) is in no program's CPU time.
- **stall, 99.9 %** the longest time and the 99.9th percentile that an I/O of the load took while the program ran. Each I/O is due
  at a fixed time and its time counts from then, whatever became of those before it. Of reads and writes, the worse.
- **through** I/Os that were completed while the program ran, against those that were due, and that against the load alone.
- **extents** pieces of the file that lie apart, at the end, and **later**, when the load has gone on for \($facts.later) s.
- **extra** by how much free space fell, at the most (sampled every 5 ms). The load's own copy-on-write, in rows with one, is in it.
- **reflink** how long `cp --reflink=always` of the file takes, before and after, no load running.

## How it was measured
Each row's file system is made once, in a sparse file: the file is aged by five rounds of a reflink copy and random direct 4 KiB
writes (`huge`: each block is laid apart). Each turn starts from a copy of that file, mounted anew, with every cache dropped. The
programs take turns, so that a slow minute meets them all. Where there is a load, it starts \($facts.lead) s before the program.
\(if $facts.backing == "cached" then
"The loop devices reach their files through the page cache, as `mount -o loop` does; that cache is dropped before each turn. A flood of
writes meets the kernel's dirty limits there, as it meets a slow disk's queue. `--backing direct` goes past it."
else
"The loop devices reach their files by direct I/O: nothing is cached between XFS and the disk. `--backing cached` goes through the page
cache, as `mount -o loop` does."
end)"
  end
