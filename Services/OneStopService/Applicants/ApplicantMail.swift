import Contracts
import ServiceKit

extension Dossier {
    /// Under whose key the applicant's address lies: the citizen's, or that of this one dossier.
    var applicantSubject: SubjectID { SubjectID(applicant.person?.uuid ?? id.uuid) }

    /// The notice of a change as it goes to Mail, to be sent outside; nil when the applicant gave no mail address.
    func command(_ notice: Notice, of what: String) -> SendCitizenNotice? {
        guard let mail = applicant.mail else { return nil }
        var command = SendCitizenNotice()
        (command.notice, command.dossier, command.agency) = (.new(), id, receivingAgency)
        (command.what, command.vietnamese, command.english) = (what, notice.vietnamese, notice.english)
        command.address = mail
        return command
    }
}

extension Call {
    /// The address as a dossier or an appointment keeps it: readable only while the citizen's key is there, and put
    /// into commands as it is.
    func sealed(_ address: String, under subject: SubjectID) async throws -> Sealed {
        let key = try await SubjectKeys.key(
            of: subject, resource(SealingKeys.self), at: now, in: runtime.database)
        return try key.seal(address, for: SendCitizenNotice.addressPurpose)
    }
}

extension Pattern {
    /// Narrower than RFC 5321: what mail servers take everywhere.
    static let mail =
        #"^[A-Za-z0-9]+([._+-][A-Za-z0-9]+)*@[A-Za-z0-9]+(-+[A-Za-z0-9]+)*(\.[A-Za-z0-9]+(-+[A-Za-z0-9]+)*)+$"#
}
