/// The types of files that offices exchange. The raw value is the media type as IANA registers it.
public enum MediaType: String, CaseIterable, Sendable {
    case pdf = "application/pdf"
    case png = "image/png"
    case jpeg = "image/jpeg"
    case tiff = "image/tiff"
    case docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    case xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    case pptx = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
    case odt = "application/vnd.oasis.opendocument.text"
    case ods = "application/vnd.oasis.opendocument.spreadsheet"
    case odp = "application/vnd.oasis.opendocument.presentation"
    case xml = "application/xml"
    case text = "text/plain"

    /// What a sender announced: parameters and case do not count, usual other names are understood.
    public enum Declared: Sendable, Equatable {
        /// Nothing, or `application/octet-stream`, which says nothing.
        case nothing
        case known(MediaType)
        case foreign(String)

        public init(_ header: String?) {
            let essence = (header ?? "").prefix { $0 != ";" }.lowercased().filter { $0 != " " && $0 != "\t" }
            switch essence {
            case "", "application/octet-stream", "binary/octet-stream": self = .nothing
            case "text/xml": self = .known(.xml)
            case "image/jpg", "image/pjpeg": self = .known(.jpeg)
            case "application/x-pdf": self = .known(.pdf)
            case "text/csv": self = .known(.text)
            default: self = MediaType(rawValue: essence).map(Declared.known) ?? .foreign(essence)
            }
        }
    }

    /// How a browser should name a file of this type.
    public var fileExtension: String {
        switch self {
        case .pdf: "pdf"
        case .png: "png"
        case .jpeg: "jpg"
        case .tiff: "tif"
        case .docx: "docx"
        case .xlsx: "xlsx"
        case .pptx: "pptx"
        case .odt: "odt"
        case .ods: "ods"
        case .odp: "odp"
        case .xml: "xml"
        case .text: "txt"
        }
    }
}
