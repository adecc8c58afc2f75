import CQREncode
import Contracts

/// The modules of a QR code.
struct QRCode {
    /// Along each side, without the quiet zone.
    let width: Int
    private let modules: [UInt8]

    /// Of which ISO/IEC 18004 wants four around the code.
    static let quiet = 4

    init(_ text: String) throws(TypesettingFault) {
        let bytes = Array(text.utf8)
        guard (1...Limits.Typesetting.codeBytes).contains(bytes.count),
            let code = QRcode_encodeData(Int32(bytes.count), bytes, 0, QR_ECLEVEL_M)
        else { throw .codeTooLong }
        defer { QRcode_free(code) }
        width = Int(code.pointee.width)
        modules = Array(UnsafeBufferPointer(start: code.pointee.data, count: width * width))
    }

    /// Dark modules beside each other, row by row.
    var bars: [(x: Int, y: Int, length: Int)] {
        var bars: [(x: Int, y: Int, length: Int)] = []
        for y in 0..<width {
            var x = 0
            while x < width {
                let length = (x..<width).prefix { modules[y * width + $0] & 1 == 1 }.count
                if length > 0 { bars.append((x, y, length)) }
                x += max(1, length)
            }
        }
        return bars
    }
}
