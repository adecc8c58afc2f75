import CCurl
import Contracts
import Foundation
import Glibc

/// The thread that owns libcurl's handles; nothing of it is seen elsewhere.
final class CourierThread {
    private let mailbox: CourierMailbox
    private let policy: AddressPolicy
    private let authorities: String?
    private let keeps: Int
    private let patience: Duration
    private var open: [UnsafeMutableRawPointer: Transfer] = [:]

    init(
        _ mailbox: CourierMailbox, _ policy: AddressPolicy, authorities: String?, keeps: Int, patience: Duration
    ) {
        self.mailbox = mailbox
        self.policy = policy
        self.authorities = authorities
        self.keeps = keeps
        self.patience = patience
    }

    /// Once in the life of the process, before any other call.
    private static let isReady: Bool = curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK

    /// Until the courier is gone and everything is answered.
    func run() {
        // A peer that is gone is an error of that write, never the end of the process.
        var pipe = sigset_t()
        sigemptyset(&pipe)
        sigaddset(&pipe, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &pipe, nil)
        guard Self.isReady, let multi = curl_multi_init() else { return refuseAll() }
        // The address as a number: the only call from other threads is the one that libcurl allows from everywhere.
        let address = UInt(bitPattern: multi)
        mailbox.wakes { curl_multi_wakeup(UnsafeMutableRawPointer(bitPattern: address)) }
        lt_curl_multi_number(multi, CURLMOPT_MAXCONNECTS, Limits.Courier.keptConnections)
        while true {
            let news = mailbox.take()
            for job in news.jobs { begin(job, in: multi) }
            for transfer in Array(open.values) where news.cancelled.contains(transfer.job.id) || news.ended {
                end(transfer, .failure(news.ended ? .closed : .cancelled), in: multi)
            }
            if news.ended { break }
            var running: Int32 = 0
            curl_multi_perform(multi, &running)
            gather(multi)
            curl_multi_poll(multi, nil, 0, 1_000, nil)
        }
        mailbox.wakes(by: nil)
        curl_multi_cleanup(multi)
    }

    private func refuseAll() {
        while true {
            let news = mailbox.take()
            for job in news.jobs {
                mailbox.finished()
                job.continuation.resume(returning: .failure(.failed("libcurl does not start")))
            }
            if news.ended { return }
            sleep(1)
        }
    }

    private func begin(_ job: CourierJob, in multi: UnsafeMutableRawPointer) {
        guard let transfer = Transfer(job, policy, authorities: authorities, keeps: keeps, patience: patience) else {
            mailbox.finished()
            return job.continuation.resume(returning: .failure(.malformed))
        }
        open[transfer.handle] = transfer
        guard curl_multi_add_handle(multi, transfer.handle) == CURLM_OK else {
            return end(transfer, .failure(.failed("libcurl takes no request")), in: multi)
        }
    }

    private func gather(_ multi: UnsafeMutableRawPointer) {
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle,
                let transfer = open[handle]
            else { continue }
            end(transfer, transfer.result(lt_curl_result(message)), in: multi)
        }
    }

    private func end(
        _ transfer: Transfer, _ result: Result<CourierAnswer, CourierFault>, in multi: UnsafeMutableRawPointer
    ) {
        open[transfer.handle] = nil
        curl_multi_remove_handle(multi, transfer.handle)
        transfer.free()
        mailbox.finished()
        transfer.job.continuation.resume(returning: result)
    }
}

/// One request on its way. Lives on the courier's thread.
private final class Transfer {
    let job: CourierJob
    let handle: UnsafeMutableRawPointer
    private let policy: AddressPolicy
    private let isPlain: Bool
    private let keeps: Int
    private var body: [UInt8] = []
    private var forbidden: IPAddress?
    /// An allowed address was connected to, whatever came of it.
    private var hasTried = false
    private var headers: UnsafeMutablePointer<curl_slist>?
    private var sent: UnsafeMutableBufferPointer<CChar>?

    init?(
        _ job: CourierJob, _ policy: AddressPolicy, authorities: String?, keeps: Int, patience: Duration
    ) {
        guard let handle = curl_easy_init() else { return nil }
        self.job = job
        self.handle = handle
        self.policy = policy
        self.keeps = keeps
        isPlain = !job.request.address.lowercased().hasPrefix("https:")
        let request = job.request
        var isSet = true
        func number(_ option: CURLoption, _ value: Int) {
            if lt_curl_number(handle, option, value) != CURLE_OK { isSet = false }
        }
        func text(_ option: CURLoption, _ value: String) {
            if lt_curl_text(handle, option, value) != CURLE_OK { isSet = false }
        }
        text(CURLOPT_URL, request.address)
        text(CURLOPT_PROTOCOLS_STR, "http,https")
        text(CURLOPT_PROXY, "")
        text(CURLOPT_CUSTOMREQUEST, request.method)
        text(CURLOPT_USERAGENT, "LienThong")
        number(CURLOPT_NOSIGNAL, 1)
        number(CURLOPT_FOLLOWLOCATION, 0)
        number(CURLOPT_PATH_AS_IS, 1)
        number(CURLOPT_HTTP_VERSION, lt_curl_http_1_1)
        number(CURLOPT_SSLVERSION, lt_curl_tls_1_2)
        number(CURLOPT_SSL_VERIFYPEER, 1)
        number(CURLOPT_SSL_VERIFYHOST, 2)
        number(CURLOPT_CONNECTTIMEOUT_MS, Int(Limits.Courier.connect / .milliseconds(1)))
        number(CURLOPT_TIMEOUT_MS, Int(patience / .milliseconds(1)))
        number(CURLOPT_TCP_KEEPALIVE, 1)
        if let authorities { text(CURLOPT_CAINFO, authorities) }
        for header in request.headers + [(name: "Expect", value: "")] {
            headers = curl_slist_append(headers, "\(header.name): \(header.value)")
        }
        if lt_curl_headers(handle, headers) != CURLE_OK { isSet = false }
        if let bytes = request.body {
            let copy = UnsafeMutableBufferPointer<CChar>.allocate(capacity: max(1, bytes.count))
            for (index, byte) in bytes.enumerated() { copy[index] = CChar(bitPattern: byte) }
            sent = copy
            number(CURLOPT_POSTFIELDSIZE, bytes.count)
            if lt_curl_pointer(handle, CURLOPT_POSTFIELDS, copy.baseAddress) != CURLE_OK { isSet = false }
        }
        let context = Unmanaged.passUnretained(self).toOpaque()
        let onBody: curl_write_callback = { data, size, count, context in
            guard let context, let data else { return 0 }
            return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().receive(data, size * count)
        }
        let onSocket: curl_opensocket_callback = { context, _, address in
            guard let context, let address else { return lt_curl_no_socket }
            return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().openSocket(address)
        }
        if lt_curl_on_body(handle, onBody, context) != CURLE_OK { isSet = false }
        if lt_curl_on_socket(handle, onSocket, context) != CURLE_OK { isSet = false }
        guard isSet else {
            free()
            return nil
        }
    }

    /// After the handle has left the multi handle.
    func free() {
        curl_easy_cleanup(handle)
        curl_slist_free_all(headers)
        sent?.deallocate()
    }

    func result(_ code: CURLcode) -> Result<CourierAnswer, CourierFault> {
        if code == CURLE_OK { return .success(CourierAnswer(status: lt_curl_status(handle), body: body)) }
        // One address of a name may be forbidden and another not: what failed there is another fault.
        if code == CURLE_COULDNT_CONNECT, !hasTried, let forbidden { return .failure(.forbidden("\(forbidden)")) }
        return .failure(.failed(String(cString: curl_easy_strerror(code))))
    }

    /// What is beyond the kept bytes is read and forgotten, up to a bound; then the request has failed.
    private func receive(_ data: UnsafeMutablePointer<CChar>, _ count: Int) -> Int {
        received += count
        guard received <= max(keeps, Limits.Courier.discarded) else { return 0 }
        let left = max(0, keeps - body.count)
        body.append(contentsOf: UnsafeRawBufferPointer(start: data, count: min(left, count)))
        return count
    }
    private var received = 0

    /// Asked for each address that the name has, at the moment of connecting.
    private func openSocket(_ address: UnsafeMutablePointer<curl_sockaddr>) -> curl_socket_t {
        let family = address.pointee.family
        let bytes = UnsafeRawPointer(address).advanced(by: MemoryLayout<curl_sockaddr>.offset(of: \.addr) ?? 16)
        let place: Range<Int>
        switch family {
        case AF_INET: place = 4..<8
        case AF_INET6: place = 8..<24
        default: return lt_curl_no_socket
        }
        guard Int(address.pointee.addrlen) >= place.upperBound else { return lt_curl_no_socket }
        let peer = IPAddress(bytes: place.map { bytes.load(fromByteOffset: $0, as: UInt8.self) })
        guard policy.allows(peer, plain: isPlain) else {
            forbidden = peer
            return lt_curl_no_socket
        }
        hasTried = true
        return socket(family, address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue), address.pointee.protocol)
    }
}
