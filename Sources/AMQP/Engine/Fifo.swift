/// A queue: first in, first out.
struct Fifo<Element> {
    /// Those before `head` are gone, and `nil` so that they keep nothing alive.
    private var elements: [Element?] = []
    private var head = 0

    var isEmpty: Bool { head == elements.count }
    var first: Element? { isEmpty ? nil : elements[head] }
    /// What waits, in order.
    var waiting: [Element] { elements[head...].compactMap { $0 } }

    mutating func append(_ element: Element) {
        elements.append(element)
    }

    mutating func prepend(contentsOf front: [Element]) {
        elements.replaceSubrange(..<head, with: front.map { $0 })
        head = 0
    }

    mutating func popFirst() -> Element? {
        guard let element = first else { return nil }
        elements[head] = nil
        head += 1
        // Amortised: the front is dropped once it is the larger half.
        if head * 2 > elements.count {
            elements.removeSubrange(..<head)
            head = 0
        }
        return element
    }

    mutating func removeAll(where isGone: (Element) -> Bool) {
        elements = waiting.filter { !isGone($0) }
        head = 0
    }
}
