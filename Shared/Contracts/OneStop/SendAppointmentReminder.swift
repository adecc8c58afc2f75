import Foundation

/// Remind a citizen, outside of the system, of an appointment at a desk.
public struct SendAppointmentReminder: Command {
    public static let type = "onestop.appointment-reminder.send.v1"
    public static let addressee = ServiceName.mail
    public static let doc =
        "Remind the citizen by mail of an appointment; the address is sealed for the addressee under the citizen's key."
    public var reminder = MessageID()
    public var agency = AgencyCode.none
    public var subject = ""
    public var text = ""
    public var address = Sealed()

    public var aggregateID: String { reminder.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("reminder", \.reminder, .id, "The reminder"),
        .init("agency", \.agency, .agency, "Where the appointment is"),
        .init("subject", \.subject, .text(1...Limits.nameLength), "Subject, in the language of the citizen"),
        .init("text", \.text, .text(1...Limits.noteLength), "The reminder, in the language of the citizen"),
        .init(
            "address", \.address, .record,
            "The citizen's mail address, sealed as `SendCitizenNotice.addressPurpose`"),
    ]
}
