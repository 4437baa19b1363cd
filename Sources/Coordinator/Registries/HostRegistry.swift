import Contract
import DefragTypes
import Foundation
import ReflowAPI
import Rollout

/// The hosts of the fleet: who is there, and when that was last written down.
struct HostRegistry {
    private var fleet: Fleet
    /// When it was last written down that a host was heard, and for which hosts that is due.
    private var noted: [HostName: Date] = [:]
    private var notesDue: Set<HostName> = []
    /// Hosts that were heard, or changed with time, in the step that is taken, as they were before it.
    private var before: [HostName: Fleet.Host] = [:]

    init(_ fleet: Fleet) {
        self.fleet = fleet
    }

    /// Seconds that a host has at least, after a restart, to be heard: a worker says at least every 20 s that it lives.
    private static let grace: TimeInterval = 21

    subscript(_ host: HostName) -> Fleet.Host? { fleet.hosts[host] }

    /// Seconds of silence after which a host is lost.
    var lostAfter: TimeInterval { fleet.lostAfter }

    /// When time last passed.
    var lastTick: Date? {
        get { fleet.lastTick }
        set { fleet.lastTick = newValue }
    }

    /// All that are known, by name.
    var hosts: [HostName: Fleet.Host] { fleet.hosts }

    /// The labels of a host: the inventory's go before its own.
    func labels(of host: HostName) -> [String: String] { fleet.labels(of: host) }

    /// The hosts that a specification means; see `Fleet.selected(by:)`.
    func selected(by targets: RolloutSpec.Targets) -> [(name: HostName, labels: [String: String])] {
        fleet.selected(by: targets)
    }

    /// Goes on with the hosts that the store knows. The silence of those that are not known here goes on across a restart, but for
    /// a moment in which they can be heard; the clock may have been set back meanwhile. Of the others the store says whether
    /// they are lost: what follows from that is stored with it. Those that it does not know have never been heard.
    mutating func resume(_ stored: [Store.FleetHost], at now: Date) {
        let known = Set(stored.map(\.name))
        for name in fleet.hosts.keys where !known.contains(name) { fleet.forget(name) }
        for host in stored {
            let heard = min(now, max(host.lastHeard ?? now, now - max(0, fleet.lostAfter - Self.grace)))
            fleet.expect(
                host.name, state: host.state, lastHeard: host.lastHeard, isLost: host.isLost, at: heard)
            fleet.restore(host.name, isLost: host.isLost)
        }
        noted = [:]
        notesDue = []
    }

    /// A host that somebody names.
    mutating func expect(_ host: HostName, isLost: Bool = false, at now: Date) {
        fleet.expect(host, isLost: isLost, at: now)
    }

    /// A host said something.
    mutating func heard(_ host: HostName, _ event: HostEvent, at now: Date) -> [Effect] {
        let before = fleet.hosts[host]
        if self.before[host] == nil { self.before[host] = before }
        let heard = fleet.heard(host, event, at: now)
        var effects: [Effect] = []
        if heard.hasReturned {
            effects += [
                .tell("host.returned", "host \(host) is heard again", host: host, at: now),
                .rollouts(.returned(host)),
            ]
        }
        if before == nil || heard.hasReturned || before?.state?.labels != fleet.hosts[host]?.state?.labels {
            effects.append(note(host, at: now).effect)
        } else if isDue(after: fleet.lostAfter / 2, since: noted[host], now) {
            notesDue.insert(host)
        }
        if heard.hearsAgain {
            effects.append(
                .tell("host.hears", "host \(host) can consume its queue again", host: host, at: now))
        }
        switch heard.hasTwin {
        case true?:
            effects.append(
                .tell(
                    "host.twin",
                    "two workers call themselves host \(host): stop one of them, or give it a name of its own (REFLOW_HOST)",
                    host: host, at: now))
        case false?:
            effects.append(
                .tell("host.twinGone", "only one worker calls itself host \(host) again", host: host, at: now)
            )
        case nil: break
        }
        // The second worker says nothing of the host.
        let hasTwin = fleet.hosts[host]?.hasTwin ?? false
        if !heard.isOfTwin { effects.append(.believed(host, event, hasTwin: hasTwin)) }
        return effects
    }

    /// What was heard is stored, or need not be.
    mutating func stored() {
        before.removeAll(keepingCapacity: true)
    }

    /// What was heard, and what time has changed, could not be stored, and comes again.
    mutating func undo() {
        for host in before.values { fleet.restore(host) }
        before = [:]
    }

    /// Writes down who was heard. All at once: the disk is synced for each step that writes.
    mutating func writeNotes(at now: Date) -> [Effect] {
        notesDue.map { host in
            let note = note(host, at: now)
            return .store { write in
                // One that cannot be stored keeps the others from nothing.
                do { try note.write(write) } catch  where StoreTrouble(error) == nil {
                    let text = "what host \(host) says of itself cannot be stored: \(error)"
                    try write.log("message.ignored", text, host: host, at: now)
                }
            }
        }
    }

    /// Time has passed in which hosts could be heard: finds out who is lost.
    mutating func tick(at now: Date) -> [Effect] {
        let before = fleet.hosts
        let (lost, leap) = fleet.tick(at: now)
        let deafened = fleet.deafened(at: now)
        // A leap is left out of every silence.
        for host in leap == nil ? lost + deafened : Array(before.keys) where self.before[host] == nil {
            self.before[host] = before[host]
        }
        var effects: [Effect] = leap.map { [.rollouts(.leapt(by: $0))] } ?? []
        for host in lost {
            effects += [
                .store { try $0.lost(host) },
                .tell("host.lost", "host \(host) has been silent for too long", host: host, at: now),
                .rollouts(.lost(host)),
            ]
        }
        for host in deafened {
            let why = fleet.hosts[host]?.deaf ?? ""
            effects.append(
                .tell(
                    "host.deaf", "host \(host) lives but cannot consume its queue: \(why)", host: host,
                    at: now))
        }
        return effects
    }

    /// Nobody could be heard until `date`: everyone's silence begins anew.
    mutating func couldNotHear(until date: Date) {
        fleet.couldNotHear(until: date)
    }

    /// Forgets a host.
    mutating func forget(_ host: HostName) -> Effect {
        fleet.forget(host)
        noted[host] = nil
        notesDue.remove(host)
        return .store { try $0.forget(host) }
    }

    /// Writes down that a host was heard.
    private mutating func note(_ host: HostName, at now: Date) -> Note {
        noted[host] = now
        notesDue.remove(host)
        let state = fleet.hosts[host]?.state
        return Note { try $0.heard(host, state, at: now) }
    }

    private struct Note {
        let write: (WriteTransaction) throws -> Void
        var effect: Effect { .store(write) }
    }
}
