import Crypto
import Foundation
import Glibc

/// The blocking calls of the file system, each retried when interrupted and each with its own words in a fault.
enum Disk {
    static func makeFolder(_ path: String) throws(FileFault) {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw .storage("making \(name(path))", errno: errno) }
    }

    /// Makes a file that was not there.
    static func create(_ path: String) throws(FileFault) -> Int32 {
        let file = again { open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o400) }
        guard file >= 0 else { throw .storage("creating a file", errno: errno) }
        return file
    }

    static func write(_ bytes: ArraySlice<UInt8>, to file: Int32) throws(FileFault) {
        var rest = bytes
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { buffer in again { Glibc.write(file, buffer.baseAddress, buffer.count) }
            }
            guard written > 0 else { throw .storage("writing a file", errno: errno) }
            rest = rest.dropFirst(written)
        }
    }

    /// Opens a file to be written in parts; made when it is not there.
    static func openParts(_ path: String) throws(FileFault) -> Int32 {
        let file = again { open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600) }
        guard file >= 0 else { throw .storage("opening a file", errno: errno) }
        return file
    }

    static func write(_ bytes: ArraySlice<UInt8>, to file: Int32, at offset: Int) throws(FileFault) {
        var rest = bytes
        while !rest.isEmpty {
            let place = off_t(offset + rest.startIndex - bytes.startIndex)
            let written = rest.withUnsafeBytes { buffer in
                again { pwrite(file, buffer.baseAddress, buffer.count, place) }
            }
            guard written > 0 else { throw .storage("writing a file", errno: errno) }
            rest = rest.dropFirst(written)
        }
    }

    static func read(_ file: Int32, at offset: Int, _ count: Int) throws(FileFault) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let got = bytes.withUnsafeMutableBytes { buffer in
                again { pread(file, buffer.baseAddress?.advanced(by: filled), count - filled, off_t(offset + filled)) }
            }
            guard got >= 0 else { throw .storage("reading a file", errno: errno) }
            if got == 0 { break }
            filled += got
        }
        bytes.removeLast(count - filled)
        return bytes
    }

    /// Opens a stored file; nil when there is none.
    static func openStored(_ path: String) throws(FileFault) -> (file: Int32, size: Int)? {
        let file = again { open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) }
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw .storage("opening a file", errno: errno)
        }
        var status = stat()
        guard fstat(file, &status) == 0 else {
            let code = errno
            _ = close(file)
            throw .storage("looking at a file", errno: code)
        }
        return (file, Int(status.st_size))
    }

    static func sync(_ file: Int32) throws(FileFault) {
        guard again({ fsync(file) }) == 0 else { throw .storage("syncing a file", errno: errno) }
    }

    /// Makes the entries of a folder durable.
    static func syncFolder(_ path: String) throws(FileFault) {
        let folder = again { open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard folder >= 0 else { throw .storage("opening \(name(path))", errno: errno) }
        defer { _ = close(folder) }
        guard again({ fsync(folder) }) == 0 else { throw .storage("syncing \(name(path))", errno: errno) }
    }

    static func rename(_ from: String, _ to: String) throws(FileFault) {
        guard Glibc.rename(from, to) == 0 else { throw .storage("renaming a file", errno: errno) }
    }

    private static func name(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? "/" }

    private static func again<Number: SignedInteger>(_ call: () -> Number) -> Number {
        while true {
            let result = call()
            if result >= 0 || errno != EINTR { return result }
        }
    }
}
