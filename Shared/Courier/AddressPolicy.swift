import Foundation
import Glibc

/// An IP address by its bytes: 4 or 16.
public struct IPAddress: Sendable, Hashable, CustomStringConvertible {
    public let bytes: [UInt8]

    public init(bytes: [UInt8]) {
        precondition(bytes.count == 4 || bytes.count == 16, "an address has 4 or 16 bytes")
        self.bytes = bytes
    }

    /// A literal address, IPv6 with or without brackets.
    public init?(_ text: String) {
        let bare = text.hasPrefix("[") && text.hasSuffix("]") ? String(text.dropFirst().dropLast()) : text
        var four = in_addr()
        var six = in6_addr()
        if inet_pton(AF_INET, bare, &four) == 1 {
            bytes = withUnsafeBytes(of: &four) { Array($0) }
        } else if inet_pton(AF_INET6, bare, &six) == 1 {
            bytes = withUnsafeBytes(of: &six) { Array($0) }
        } else {
            return nil
        }
    }

    /// The IPv4 address that an IPv6 one stands for: mapped, compatible, NAT64 or 6to4.
    var embedded: IPAddress? {
        guard bytes.count == 16 else { return nil }
        let zeros = bytes.prefix(10).allSatisfy { $0 == 0 }
        if zeros, bytes[10...11] == [0xFF, 0xFF] || bytes[10...11] == [0, 0] {
            return IPAddress(bytes: Array(bytes[12...]))
        }
        if bytes.prefix(12) == [0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0] {
            return IPAddress(bytes: Array(bytes[12...]))
        }
        if bytes.prefix(2) == [0x20, 0x02] { return IPAddress(bytes: Array(bytes[2..<6])) }
        return nil
    }

    public var isLoopback: Bool {
        if bytes.count == 4 { return bytes[0] == 127 }
        return bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1 || embedded?.isLoopback == true
    }

    /// Reachable on the public Internet: none of the special-purpose ranges of RFC 6890 and its registries.
    public var isPublic: Bool {
        if bytes.count == 4 { return !Network.special.contains { $0.contains(self) } }
        if let embedded { return embedded.isPublic }
        // Only 2000::/3 is given out (RFC 4291), without Teredo, benchmarks, ORCHID and documentation.
        return bytes[0] & 0xE0 == 0x20 && !Network.specialSix.contains { $0.contains(self) }
    }

    public var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = bytes.count == 4 ? AF_INET : AF_INET6
        guard inet_ntop(family, bytes, &text, socklen_t(text.count)) != nil else { return "?" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// A range of addresses: `10.0.0.0/8`.
public struct Network: Sendable, Hashable {
    let address: IPAddress
    let bits: Int

    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let first = parts.first, parts.count <= 2, let address = IPAddress(String(first)) else { return nil }
        let most = address.bytes.count * 8
        guard let bits = parts.count == 2 ? Int(parts[1]) : most, (0...most).contains(bits) else { return nil }
        self.address = address
        self.bits = bits
    }

    public func contains(_ other: IPAddress) -> Bool {
        guard other.bytes.count == address.bytes.count else { return other.embedded.map(contains) ?? false }
        for (index, (mine, theirs)) in zip(address.bytes, other.bytes).enumerated() {
            let left = bits - index * 8
            guard left > 0 else { return true }
            let mask: UInt8 = left >= 8 ? 0xFF : ~(0xFF >> UInt8(left))
            if mine & mask != theirs & mask { return false }
        }
        return true
    }

    static let special = [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
    ].compactMap { Network($0) }
    static let specialSix = ["2001::/23", "2001:db8::/32", "3fff::/20"].compactMap { Network($0) }
}

/// Where requests to addresses that others chose may go. Checked on the address that is connected to, after the name
/// was resolved: a name that resolves differently the second time gains nothing.
public struct AddressPolicy: Sendable {
    /// Allowed beside public addresses: the government's own network, a test's loopback.
    public var networks: [Network]
    /// Plain http, to loopback only: rehearsals.
    public var allowsPlainLoopback: Bool
    /// Every address, plain http too: for servers of our own that an operator named.
    public var isUnrestricted: Bool

    public init(networks: [Network] = [], allowsPlainLoopback: Bool = false) {
        self.networks = networks
        self.allowsPlainLoopback = allowsPlainLoopback
        isUnrestricted = false
    }

    public static let unrestricted: AddressPolicy = {
        var policy = AddressPolicy()
        policy.isUnrestricted = true
        return policy
    }()

    public func allows(_ address: IPAddress, plain: Bool) -> Bool {
        if isUnrestricted { return true }
        if plain, !(allowsPlainLoopback && address.isLoopback) { return false }
        return address.isPublic || networks.contains { $0.contains(address) }
    }

    /// Why nothing can be sent to this address, as far as can be said without resolving its name; nil: it may work.
    public func defect(_ text: String) -> AddressDefect? {
        guard let url = URLComponents(string: text), let scheme = url.scheme?.lowercased(), let host = url.host,
            !host.isEmpty, url.user == nil, url.password == nil, url.fragment == nil,
            !text.unicodeScalars.contains(where: { $0.value <= 0x20 || $0.value >= 0x7F })
        else { return .malformed }
        guard scheme == "https" || scheme == "http" && (isUnrestricted || allowsPlainLoopback) else { return .scheme }
        let literal = IPAddress(host)
        if scheme == "http", !isUnrestricted, literal.map({ !$0.isLoopback }) ?? (host != "localhost") {
            return .scheme
        }
        if let literal, !allows(literal, plain: scheme == "http") { return .forbidden }
        return nil
    }
}

public enum AddressDefect: String, Sendable, Equatable {
    /// No absolute https address without user and fragment.
    case malformed
    /// Plain http, or another scheme.
    case scheme
    /// An address of a network that is not allowed.
    case forbidden
}
