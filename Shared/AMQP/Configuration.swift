import Contracts

/// Where the broker is and who we are there.
public struct AMQPConfiguration: Sendable {
    /// With `further` one of several nodes of one cluster; any of them will do.
    public var host: String
    public var port: Int
    public var further: [AMQPAddress]
    public var vhost: String
    public var user: String
    public var password: String
    /// Agreed with the broker, whole seconds, at least one. Twice this without progress ends a connection.
    public var heartbeat: Duration
    public var tls: AMQPTLS?

    public init(
        host: String = "127.0.0.1", port: Int = 5672, vhost: String = "/", user: String, password: String,
        heartbeat: Duration = Limits.AMQP.heartbeat, tls: AMQPTLS? = nil, further: [AMQPAddress] = []
    ) {
        self.host = host
        self.port = port
        self.further = further
        self.vhost = vhost
        self.user = user
        self.password = password
        self.heartbeat = max(heartbeat, .seconds(1))
        self.tls = tls
    }

    var heartbeatSeconds: Int { Int(heartbeat.components.seconds) }

    public var addresses: [AMQPAddress] { [AMQPAddress(host: host, port: port)] + further }

    /// The same with one node only: each attempt to connect takes the next, wherever the first began.
    func attempt(_ number: Int) -> AMQPConfiguration {
        var one = self
        let address = addresses[number % addresses.count]
        (one.host, one.port, one.further) = (address.host, address.port, [])
        return one
    }
}

/// One node of a broker's cluster.
public struct AMQPAddress: Sendable, Hashable, CustomStringConvertible {
    public var host: String
    public var port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

extension AMQPConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Never the password: configurations end up in logs.
    public var description: String {
        let nodes = addresses.map(\.description).joined(separator: ",")
        return "\(tls == nil ? "amqp" : "amqps")://\(user)@\(nodes)/\(vhost)"
    }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["address": description]) }
}

/// TLS 1.2 or newer; peer and host name are always verified, there is no switch for it.
public struct AMQPTLS: Sendable {
    /// PEM file with the authorities that may have signed the broker's certificate. The library has no default.
    public var authorities: String
    /// PEM files of our own certificate and key, when the broker asks for one.
    public var certificate: String?
    public var key: String?

    public init(authorities: String, certificate: String? = nil, key: String? = nil) {
        self.authorities = authorities
        self.certificate = certificate
        self.key = key
    }
}
