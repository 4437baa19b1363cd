import AMQP
import BrokerKit
import Contract
import DefragTypes
import Trials

extension Fleet {
    /// Sends `slice` to `host`; returns the id of the task.
    func send(_ slice: SliceTask, to host: Host) async throws -> String {
        let connection = try await connect()
        let message = Contract.Message(source: "/test", body: HostTask.slice(slice))
        try await connection.publish(
            AMQP.Message(message), exchange: ExchangeName.tasks, routingKey: host.name, mandatory: true)
        await connection.close()
        return message.id
    }

    /// Has `host` carry `slice` out, and returns its answer.
    func carryOut(_ slice: SliceTask, on host: Host) async throws -> DefragResult {
        let tap = try await EventTap(self, host: host.name)
        let task = try await send(slice, to: host)
        let result = try await tap.first { event in
            if case .sliceFinished(let answer) = event, answer.task == task { answer.result } else { nil }
        }
        await tap.close()
        return result
    }
}
