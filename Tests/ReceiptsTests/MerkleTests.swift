import Contracts
import Foundation
import Receipts
import Testing

/// The reference tree of Certificate Transparency: the leaves, roots and paths that its implementations are tested with
/// (RFC 6962, section 2.1; google/certificate-transparency, merkle_tree_test).
private enum Known {
    static let leaves: [[UInt8]] = [
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    ].map { Hex.decode(canonical: $0) ?? [] }
    /// Of the first 0, 1, 2 … leaves.
    static let roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]
    static let paths: [(leaf: Int, size: Int, path: [String])] = [
        (0, 1, []),
        (
            0, 8,
            [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ]
        ),
        (
            5, 8,
            [
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ]
        ),
        (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
        (
            1, 5,
            [
                "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ]
        ),
    ]
}

@Suite struct MerkleTests {
    private let leaves = Known.leaves.map(Merkle.leaf)

    @Test func `roots of the reference tree`() {
        for (size, root) in Known.roots.enumerated() {
            #expect(Merkle.root(Array(leaves.prefix(size))).description == root, "\(size) leaves")
        }
    }

    @Test func `paths of the reference tree`() {
        for known in Known.paths {
            let tree = Array(leaves.prefix(known.size))
            let path = Merkle.path(to: known.leaf, in: tree)
            #expect(path.map(\.description) == known.path, "leaf \(known.leaf) of \(known.size)")
        }
    }

    @Test func `every path of every small tree leads to the root, and to no other place or size`() {
        for size in 1...40 {
            let tree = (0..<size).map { Merkle.leaf([UInt8($0), 1]) }
            let root = Merkle.root(tree)
            #expect(root == recursive(tree[...]))
            for index in 0..<size {
                let path = Merkle.path(to: index, in: tree)
                #expect(Merkle.root(from: tree[index], at: index, of: size, path: path) == root)
                for other in 0..<size where other != index {
                    #expect(Merkle.root(from: tree[index], at: other, of: size, path: path) != root)
                    #expect(Merkle.root(from: tree[other], at: index, of: size, path: path) != root)
                }
                #expect(Merkle.root(from: tree[index], at: index, of: size, path: path + [root]) == nil)
                if !path.isEmpty {
                    #expect(Merkle.root(from: tree[index], at: index, of: size, path: path.dropLast()) == nil)
                }
            }
            #expect(Merkle.root(from: tree[0], at: size, of: size, path: []) == nil)
            #expect(Merkle.root(from: tree[0], at: -1, of: size, path: []) == nil)
        }
    }

    @Test func `a node is no leaf`() {
        let (left, right) = (leaves[0], leaves[1])
        #expect(Merkle.node(left, right) != Merkle.leaf(left.bytes + right.bytes))
        #expect(Merkle.node(left, right) != Merkle.node(right, left))
    }

    /// As the RFC defines it: cut at the largest power of two below the size.
    private func recursive(_ leaves: ArraySlice<Hash>) -> Hash {
        guard leaves.count > 1, let first = leaves.first else { return leaves.first ?? .none }
        _ = first
        var cut = 1
        while cut * 2 < leaves.count { cut *= 2 }
        return Merkle.node(recursive(leaves.prefix(cut)), recursive(leaves.dropFirst(cut)))
    }
}
