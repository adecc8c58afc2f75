import Crypto

/// Merkle trees as in Certificate Transparency (RFC 9162, section 2.1; the same as RFC 6962): a leaf is hashed behind a
/// byte 0, two nodes behind a byte 1, so that neither can be taken for the other. A node without a neighbour moves up
/// as it is.
public enum Merkle {
    public static func leaf(_ bytes: [UInt8]) -> Hash {
        var hash = SHA256()
        hash.update(data: [0])
        hash.update(data: bytes)
        return Hash(finished: hash)
    }

    public static func node(_ left: Hash, _ right: Hash) -> Hash {
        var hash = SHA256()
        hash.update(data: [1] + left.bytes + right.bytes)
        return Hash(finished: hash)
    }

    /// The root over these leaf hashes; of none, the hash of nothing.
    public static func root(_ leaves: [Hash]) -> Hash {
        guard !leaves.isEmpty else { return Hash(of: []) }
        var level = leaves
        while level.count > 1 { level = above(level) }
        return level[0]
    }

    /// The nodes beside the way from a leaf up to the root, lowest first: what a proof needs.
    public static func path(to index: Int, in leaves: [Hash]) -> [Hash] {
        precondition(leaves.indices.contains(index), "no leaf \(index) of \(leaves.count)")
        var (level, at, path): ([Hash], Int, [Hash]) = (leaves, index, [])
        while level.count > 1 {
            if level.indices.contains(at ^ 1) { path.append(level[at ^ 1]) }
            level = above(level)
            at /= 2
        }
        return path
    }

    /// The root that a leaf and its path lead to (RFC 9162, section 2.1.3.2); nil when the path has not the length that
    /// this place in a tree of this size needs.
    public static func root(from leaf: Hash, at index: Int, of size: Int, path: [Hash]) -> Hash? {
        guard index >= 0, index < size else { return nil }
        var (at, last, hash) = (index, size - 1, leaf)
        for step in path {
            guard last > 0 else { return nil }
            if at & 1 == 1 || at == last {
                hash = node(step, hash)
                while at & 1 == 0, at != 0 { (at, last) = (at >> 1, last >> 1) }
            } else {
                hash = node(hash, step)
            }
            (at, last) = (at >> 1, last >> 1)
        }
        return last == 0 ? hash : nil
    }

    private static func above(_ level: [Hash]) -> [Hash] {
        stride(from: 0, to: level.count, by: 2).map { at in
            at + 1 < level.count ? node(level[at], level[at + 1]) : level[at]
        }
    }
}

extension Hash {
    fileprivate init(finished hash: SHA256) {
        guard let made = Hash(Array(hash.finalize())) else { preconditionFailure("SHA-256 has 32 bytes") }
        self = made
    }
}
