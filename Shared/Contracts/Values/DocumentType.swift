import Foundation

/// A type of administrative document: Decree 30/2020/NĐ-CP, Art. 7 and Annex III.
public struct DocumentType: Hashable, Sendable {
    /// Stable ASCII name, for types with and without an abbreviation: `quyet-dinh`.
    public let code: String
    /// As it stands in the symbol; official letters (công văn, thư công) have none.
    public let abbreviation: String?
    public let vietnamese: String
    public let english: String
    /// Whether it is a copy (bản sao), which shares one series for all kinds of copies.
    public let isCopy: Bool

    private init(_ code: String, _ abbreviation: String?, _ vietnamese: String, _ english: String, copy: Bool = false) {
        self.code = code
        self.abbreviation = abbreviation
        self.vietnamese = vietnamese
        self.english = english
        isCopy = copy
    }

    /// The 29 types and the three kinds of copies, in the order of the decree.
    public static let all: [DocumentType] = [
        .init("nghi-quyet", "NQ", "Nghị quyết (cá biệt)", "Resolution"),
        .init("quyet-dinh", "QĐ", "Quyết định (cá biệt)", "Decision"),
        .init("chi-thi", "CT", "Chỉ thị", "Directive"),
        .init("quy-che", "QC", "Quy chế", "Statute"),
        .init("quy-dinh", "QyĐ", "Quy định", "Regulation"),
        .init("thong-cao", "TC", "Thông cáo", "Communiqué"),
        .init("thong-bao", "TB", "Thông báo", "Notice"),
        .init("huong-dan", "HD", "Hướng dẫn", "Guidance"),
        .init("chuong-trinh", "CTr", "Chương trình", "Programme"),
        .init("ke-hoach", "KH", "Kế hoạch", "Plan"),
        .init("phuong-an", "PA", "Phương án", "Option paper"),
        .init("de-an", "ĐA", "Đề án", "Scheme"),
        .init("du-an", "DA", "Dự án", "Project"),
        .init("bao-cao", "BC", "Báo cáo", "Report"),
        .init("bien-ban", "BB", "Biên bản", "Minutes"),
        .init("to-trinh", "TTr", "Tờ trình", "Submission"),
        .init("hop-dong", "HĐ", "Hợp đồng", "Contract"),
        .init("cong-van", nil, "Công văn", "Official letter"),
        .init("cong-dien", "CĐ", "Công điện", "Telegram"),
        .init("ban-ghi-nho", "BGN", "Bản ghi nhớ", "Memorandum"),
        .init("ban-thoa-thuan", "BTT", "Bản thỏa thuận", "Agreement"),
        .init("giay-uy-quyen", "GUQ", "Giấy ủy quyền", "Letter of authorisation"),
        .init("giay-moi", "GM", "Giấy mời", "Invitation"),
        .init("giay-gioi-thieu", "GGT", "Giấy giới thiệu", "Letter of introduction"),
        .init("giay-nghi-phep", "GNP", "Giấy nghỉ phép", "Leave note"),
        .init("phieu-gui", "PG", "Phiếu gửi", "Dispatch note"),
        .init("phieu-chuyen", "PC", "Phiếu chuyển", "Transfer note"),
        .init("phieu-bao", "PB", "Phiếu báo", "Notification slip"),
        .init("thu-cong", nil, "Thư công", "Official note"),
        .init("sao-y", "SY", "Bản sao y", "Certified copy", copy: true),
        .init("trich-sao", "TrS", "Bản trích sao", "Certified extract", copy: true),
        .init("sao-luc", "SL", "Bản sao lục", "Copy of a copy", copy: true),
    ]

    /// The type with this code or this abbreviation, diacritics counting, composed or not.
    public static func find(_ name: String) -> DocumentType? {
        let name = name.precomposedStringWithCanonicalMapping
        return all.first { $0.code == name || $0.abbreviation == name }
    }
}
