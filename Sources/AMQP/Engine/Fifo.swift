/// A queue: first in, first out.
struct Fifo<Element> {
    private var elements: [Element] = []
    private var head = 0

    var isEmpty: Bool { head == elements.count }
    var count: Int { elements.count - head }
    var first: Element? { isEmpty ? nil : elements[head] }
    /// What waits, in order.
    var waiting: ArraySlice<Element> { elements[head...] }

    mutating func append(_ element: Element) {
        elements.append(element)
    }

    mutating func prepend(contentsOf front: [Element]) {
        elements.replaceSubrange(..<head, with: front)
        head = 0
    }

    mutating func popFirst() -> Element? {
        guard let element = first else { return nil }
        head += 1
        // Amortised: the front is dropped once it is the larger half.
        if head > 32, head * 2 > elements.count {
            elements.removeSubrange(..<head)
            head = 0
        }
        return element
    }

    mutating func removeAll(where isGone: (Element) -> Bool) {
        elements.removeSubrange(..<head)
        head = 0
        elements.removeAll(where: isGone)
    }
}
