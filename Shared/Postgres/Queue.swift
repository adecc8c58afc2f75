/// First in, first out, both ends in constant time.
struct Queue<Element> {
    private var items: [Element?] = []
    private var head = 0

    var count: Int { items.count - head }
    var isEmpty: Bool { count == 0 }
    var first: Element? { isEmpty ? nil : items[head] }

    mutating func append(_ element: Element) { items.append(element) }

    /// Back to the front: what was taken out and could not be done.
    mutating func putBack(_ element: Element) {
        if head == 0 {
            items.insert(element, at: 0)
        } else {
            head -= 1
            items[head] = element
        }
    }

    mutating func popFirst() -> Element? {
        guard !isEmpty else { return nil }
        defer {
            items[head] = nil
            head += 1
            if head == items.count {
                items.removeAll(keepingCapacity: true)
                head = 0
            } else if head >= 256, head * 2 > items.count {
                items.removeFirst(head)
                head = 0
            }
        }
        return items[head]
    }

    /// Takes out the first that fits; walks the queue.
    mutating func remove(where fits: (Element) -> Bool) -> Element? {
        for index in head..<items.count {
            guard let item = items[index], fits(item) else { continue }
            items.remove(at: index)
            return item
        }
        return nil
    }

    mutating func removeAll() -> [Element] {
        defer {
            items = []
            head = 0
        }
        return items[head...].compactMap(\.self)
    }
}
