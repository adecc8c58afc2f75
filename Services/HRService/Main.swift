import Contracts
import ServiceKit

/// Agencies, units, posts and personnel decisions; the directory that all others project.
@main enum Main: Microservice {
    static let name = ServiceName.hr
    static let title = "Nhân sự: cơ quan, chức vụ, quyết định nhân sự"
    static let migrations = Migrations.all
    static let appendOnly = ["decision_log"]
    static let endpoints: [any Mountable.Type] = [
        EstablishAgency.self,
        DissolveAgency.self,
        ListAgencies.self,
        ReadAgency.self,
        EstablishUnit.self,
        ListUnits.self,
        EstablishPosition.self,
        ListPositions.self,
        RegisterOfficial.self,
        ReadOfficial.self,
        ListOfficials.self,
        DecideAppointment.self,
        ListDecisions.self,
        DecideDelegation.self,
        RevokeDelegation.self,
        ListDelegations.self,
        DecideAbsence.self,
        EndAbsence.self,
        ListAbsences.self,
    ]
    static let reactions: [any Reaction.Type] = []
    static let timers: [any TimedTask.Type] = [
        AppointmentTakesEffect.self
    ]
}
