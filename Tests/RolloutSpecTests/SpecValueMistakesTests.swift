import Testing

/// Each mistake in a value, and the whole of what is said about it.
@Suite("mistakes in the values of a rollout's specification") struct SpecValueMistakesTests {
    @Test(
        "in its targets",
        arguments: [
            (
                "{paths: [/v]}",
                "line 2, column 10: targets.hosts: is missing; write hosts: [web-*], or labels: {rack: [r1, r2]}; hosts: ['*'] is every host"
            ),
            ("{hosts: [a]}", "line 2, column 10: targets.paths: is missing; write paths: [/srv/vm/**/*.img]"),
            (
                "[a]",
                "line 2, column 10: targets: is a list, not a mapping; write {hosts: [web-*], paths: [/srv/vm/**/*.img]}"
            ),
            (
                "{hosts: a, paths: [/v]}",
                "line 2, column 18: targets.hosts: is a single value, not a list; write [web-*]"
            ),
            ("{hosts: [], paths: [/v]}", "line 2, column 18: targets.hosts: is empty; write [web-*]"),
            (
                "{hosts: [a, Web.1], paths: [/v]}",
                "line 2, column 22: targets.hosts[1]: 'Web.1' is not the name of a host (a-z, 0-9 and -, with * for any of them); write one such as web-1 or web-*"
            ),
            (
                "{hosts: [[a]], paths: [/v]}",
                "line 2, column 19: targets.hosts[0]: is a list; write one such as web-1 or web-*"
            ),
            (
                "{hosts: [a], paths: ['v/../*']}",
                "line 2, column 31: targets.paths[0]: 'v/../*' has .. in it; write the path that is meant"
            ),
            (
                "{hosts: [a], paths: [/v/../w]}",
                "line 2, column 31: targets.paths[0]: '/v/../w' has .. in it; write the path that is meant"
            ),
            (
                "{hosts: [a], paths: ['/v/[ab.img']}",
                "line 2, column 31: targets.paths[0]: '/v/[ab.img' has a [ that is not closed; write [ab] for one of these characters, [[] for [ itself"
            ),
            ("{hosts: [a], paths: ['/v/[[]a]/[!]]b/\\[/[]ab]/*.img']}", ""),
            (
                "{labels: {rack: r1}, paths: [/v]}",
                "line 2, column 26: targets.labels.rack: is a single value, not a list; write [r1, r2]"
            ),
            (
                "{labels: {rack: [r 1]}, paths: [/v]}",
                "line 2, column 27: targets.labels.rack[0]: 'r 1' is not the value of a label (1 to 63 of a-z, A-Z, 0-9 and -_.); write one such as r1"
            ),
            (
                "{labels: {my rack: [r1]}, paths: [/v]}",
                "line 2, column 29: targets.labels.my rack: a label has 1 to 63 of a-z, A-Z, 0-9 and -_."
            ),
            (
                "{labels: {}, paths: [/v]}",
                "line 2, column 19: targets.labels: is empty; write {rack: [r1, r2]}, or leave it out"
            ),
            (
                "{hosts: [a], paths: [/v], minExtents: many}",
                "line 2, column 48: targets.minExtents: 'many' is not a whole number; write a number such as 1000"
            ),
            (
                "{hosts: [a], paths: [/v], minExtents: 0}",
                "line 2, column 48: targets.minExtents: 0 is out of range: it has to be at least 1"
            ),
            (
                "{hosts: [a], paths: [/v], minSize: 1GB}",
                "line 2, column 45: targets.minSize: '1GB' is not a size; write a size such as 1GiB"
            ),
            (
                "{hosts: [a], paths: [/v], minextent: 5}",
                "line 2, column 36: targets.minextent: is no key here; did you mean 'minExtents'?"
            ),
        ] as [(String, String)])
    func targets(targets: String, message: String) {
        expectProblems("name: n\ntargets: \(targets)\n", message)
    }

    @Test(
        "in its policy",
        arguments: [
            ("20ms", "line 3, column 9: policy: is a single value, not a mapping; write {maxPause: 20ms}"),
            (
                "{maxPause: 20}",
                "line 3, column 20: policy.maxPause: '20' is not a duration with its unit, such as 20ms"
            ),
            (
                "{maxPause: 30s}",
                "line 3, column 20: policy.maxPause: '30s': maxPause must be from 1ms to 10s"
            ),
            (
                "{maxPause: [20ms]}",
                "line 3, column 20: policy.maxPause: is a list; write a duration with its unit, such as 20ms"
            ),
            ("{maxChunk: 16MB}", "line 3, column 20: policy.maxChunk: '16MB' is not a size such as 16MiB"),
            (
                "{window: 1000000}",
                "line 3, column 18: policy.window: '1000000': window must be a multiple of 4KiB from 1MiB to 1GiB"
            ),
            ("{duty: half}", "line 3, column 16: policy.duty: 'half' is not a percentage such as 50%"),
            ("{duty: 0%}", "line 3, column 16: policy.duty: '0%': duty must be from 1% to 100%"),
            ("{sharing: keep}", "line 3, column 19: policy.sharing: 'keep' is not preserve or unshare"),
            (
                "{minFree: 101%}",
                "line 3, column 19: policy.minFree: '101%' is not a size such as 10GiB or a percentage such as 5%"
            ),
            (
                "{minFree: 10}",
                "line 3, column 19: policy.minFree: '10' is not a size such as 10GiB or a percentage such as 5%"
            ),
            ("{minFree: 0, unshareBudget: 0}", ""),
            (
                "{unshareBudget: 512}",
                "line 3, column 25: policy.unshareBudget: '512' is not a size such as 16MiB"
            ),
            (
                "{sharing: unshare, unshareBudget: 1GiB}",
                "line 3, column 43: policy.unshareBudget: unshareBudget goes with sharing: preserve; unshare breaks all sharing, whatever it costs"
            ),
            (
                "{maxPauze: 20ms}",
                "line 3, column 10: policy.maxPauze: is no key here; did you mean 'maxPause'?"
            ),
        ] as [(String, String)])
    func policy(policy: String, message: String) {
        expectProblems("name: n\ntargets: {hosts: [a, b], paths: [/v]}\npolicy: \(policy)\n", message)
    }

    @Test(
        "in its strategy",
        arguments: [
            (
                "fast",
                "line 3, column 11: strategy: is a single value, not a mapping; write {canary: {hosts: 1, soak: 10m}}"
            ),
            (
                "{canary: 1}",
                "line 3, column 20: strategy.canary: is a single value, not a mapping; write {hosts: 1, soak: 10m}"
            ),
            ("{canary: {soak: 10m}}", "line 3, column 20: strategy.canary.hosts: is missing; write hosts: 1"),
            (
                "{canary: {hosts: 0}}",
                "line 3, column 28: strategy.canary.hosts: 0 is out of range: it has to be at least 1"
            ),
            (
                "{canary: {hosts: 3}}",
                "line 3, column 28: strategy.canary.hosts: 3 is more than the 2 hosts of targets.hosts"
            ),
            (
                "{canary: {hosts: 1, soak: 10}}",
                "line 3, column 37: strategy.canary.soak: '10' is not a duration with its unit; write one such as 10m"
            ),
            (
                "{concurrency: {hosts: 5 %}}",
                "line 3, column 33: strategy.concurrency.hosts: '5 %' is neither a number nor a percentage; write 8 or 5%"
            ),
            (
                "{concurrency: {hosts: 120%}}",
                "line 3, column 33: strategy.concurrency.hosts: '120%' is neither a number nor a percentage; write 8 or 5%"
            ),
            (
                "{concurrency: {hosts: 0}}",
                "line 3, column 33: strategy.concurrency.hosts: with 0 nothing would ever begin; write 8 or 5%"
            ),
            (
                "{concurrency: {perLabel: {rack: 0}}}",
                "line 3, column 43: strategy.concurrency.perLabel.rack: 0 is out of range: it has to be at least 1"
            ),
            (
                "{concurrency: {perLabel: rack}}",
                "line 3, column 36: strategy.concurrency.perLabel: is a single value, not a mapping; write {rack: 1}"
            ),
            (
                "{ramp: 4}",
                "line 3, column 18: strategy.ramp: is a single value, not a list; write [1, 2, 4, 8]"
            ),
            (
                "{ramp: [1, 2, 2]}",
                "line 3, column 25: strategy.ramp[2]: 2 is not more than the step before it (2): a ramp rises, as in [1, 2, 4, 8]"
            ),
            (
                "{ramp: [-1, 2]}",
                "line 3, column 19: strategy.ramp[0]: -1 is out of range: it has to be at least 1"
            ),
            (
                "{ramp: [1.5]}",
                "line 3, column 19: strategy.ramp[0]: '1.5' is not a whole number; write a number such as 4"
            ),
            (
                "{errorBudget: few}",
                "line 3, column 25: strategy.errorBudget: 'few' is neither a number nor a percentage; write 8 or 5%"
            ),
            (
                "{errorBudget: {failures: -1}}",
                "line 3, column 36: strategy.errorBudget.failures: '-1' is neither a number nor a percentage; write 8 or 5%"
            ),
            (
                "{errorBudget: {}}",
                "line 3, column 25: strategy.errorBudget.failures: is missing; write failures: 3, or failures: 5%"
            ),
            (
                "{windows: []}",
                "line 3, column 21: strategy.windows: is empty; write [{days: mon-fri, from: 22:00, to: 05:00}], or leave it out for any time"
            ),
            (
                "{attempts: 0}",
                "line 3, column 22: strategy.attempts: 0 is out of range: it has to be from 1 to 100"
            ),
            (
                "{backOff: 5}",
                "line 3, column 21: strategy.backOff: '5' is not a duration with its unit; write one such as 30s"
            ),
            (
                "{slice: 11m}",
                "line 3, column 19: strategy.slice: 11m00s is out of range: it has to be from 1s to 10m00s"
            ),
            (
                "{giveUpAfter: never}",
                "line 3, column 25: strategy.giveUpAfter: 'never' is not a duration with its unit; write one such as 15m00s"
            ),
            (
                "{concurency: {hosts: 1}}",
                "line 3, column 12: strategy.concurency: is no key here; did you mean 'concurrency'?"
            ),
        ] as [(String, String)])
    func strategy(strategy: String, message: String) {
        expectProblems("name: n\ntargets: {hosts: [a, b], paths: [/v]}\nstrategy: \(strategy)\n", message)
    }

    @Test(
        "in its windows",
        arguments: [
            ("{from: 22:00}", "line 3, column 22: strategy.windows[0].to: is missing; write to: 05:00"),
            (
                "{from: 1320, to: 05:00}",
                "line 3, column 29: strategy.windows[0].from: '1320' is no time of day; write hours and minutes, such as 22:00"
            ),
            (
                "{from: 22:00, to: 24:00}",
                "line 3, column 40: strategy.windows[0].to: '24:00' is no time of day; write 00:00"
            ),
            (
                "{days: monday, from: 22:00, to: 05:00}",
                "line 3, column 29: strategy.windows[0].days: 'monday' is no day; write daily, or mon, tue, wed, thu, fri, sat, sun as in mon-fri or [sat, sun]"
            ),
            (
                "{days: mon-, from: 22:00, to: 05:00}",
                "line 3, column 29: strategy.windows[0].days: '' is no day; write daily, or mon, tue, wed, thu, fri, sat, sun as in mon-fri or [sat, sun]"
            ),
            (
                "{days: [], from: 22:00, to: 05:00}",
                "line 3, column 29: strategy.windows[0].days: is empty; write daily, mon-fri or [sat, sun]"
            ),
            (
                "{from: 22:00, to: 05:00, zone: Europe/Berlim}",
                "line 3, column 53: strategy.windows[0].zone: 'Europe/Berlim' is no time zone; did you mean Europe/Berlin?"
            ),
            (
                "{from: 22:00, to: 05:00, zone: berlin}",
                "line 3, column 53: strategy.windows[0].zone: 'berlin' is no time zone; did you mean Europe/Berlin?"
            ),
            (
                "{from: 22:00, to: 05:00, zone: Moonbase}",
                "line 3, column 53: strategy.windows[0].zone: 'Moonbase' is no time zone; write one such as Europe/Berlin or UTC"
            ),
            (
                "{from: 22:00, to: 05:00, cutoff: 7h}",
                "line 3, column 55: strategy.windows[0].cutoff: 7h00m is not shorter than the window, which is 7h00m from 22:00 to 05:00: nothing would ever begin"
            ),
            (
                "{from: 22:00, to: 05:00, until: 06:00}",
                "line 3, column 47: strategy.windows[0].until: is no key here; known are days, from, to, zone, cutoff"
            ),
            (
                "nightly",
                "line 3, column 22: strategy.windows[0]: is a single value, not a mapping; write {days: mon-fri, from: 22:00, to: 05:00, zone: Europe/Berlin}"
            ),
        ] as [(String, String)])
    func windows(window: String, message: String) {
        expectProblems(
            "name: n\ntargets: {hosts: [a, b], paths: [/v]}\nstrategy: {windows: [\(window)]}\n", message)
    }
}
