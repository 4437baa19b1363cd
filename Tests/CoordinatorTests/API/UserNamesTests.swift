import Glibc
import Synchronization
import Testing

@testable import Coordinator

@Suite("users' names") struct UserNamesTests {
    @Test("are looked up once; one that is not found is looked up again")
    func once() {
        let asked = Mutex<[uid_t]>([])
        let names = UserNames { user in
            asked.withLock { $0.append(user) }
            return user == 7 ? "ada" : nil
        }
        for _ in 0..<2 {
            #expect(names.name(of: 7) == "ada")
            #expect(names.name(of: 8) == nil)
        }
        #expect(asked.withLock { $0 } == [7, 8, 8])
    }

    @Test("are those of the machine")
    func real() {
        #expect(UserNames.shared.name(of: 0) == "root")
    }
}
