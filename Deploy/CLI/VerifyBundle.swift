import Bundles
import Contracts
import Foundation
import Receipts

/// `lienthong verify BUNDLE.zip --key PUBLIC.pem`: a dossier that somebody took along.
enum VerifyBundle {
    static func run(_ bytes: [UInt8], _ keys: [SealKey], _ say: (String) -> Void) -> Bool {
        let proof: DossierBundle.Proof
        do throws(BundleFault) { proof = try DossierBundle.verify(bytes, keys) } catch {
            if case .files(let findings) = error {
                for finding in findings { say("FOUND \(finding)") }
                say("NOT PROVEN: the files are not those that were signed")
            } else {
                say("NOT PROVEN: \(error)")
            }
            return false
        }
        let manifest = proof.manifest
        say("PROVEN: this is dossier \(manifest.dossier) as the service “\(manifest.service)” had it,")
        say("made at \(Instant.write(manifest.madeAt)), signed with key \(manifest.key).")
        say("\(manifest.files.count) files are those that were signed, and there is no other.")
        say("\(proof.events.count) events stand in the history of the service, each with its receipt:")
        for event in proof.events { say("  \(event.version)  \(Instant.write(event.occurredAt))  \(event.type)") }
        return true
    }
}
