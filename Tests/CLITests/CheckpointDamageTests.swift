import Foundation
import Testing

extension ProgramTests {
    /// What a crash or a bad disk does to the newest checkpoint costs the steps since the one before it.
    @Suite struct CheckpointDamageTests {
        enum Damage: String, CaseIterable {
            case cutShort, oneBitFlipped, emptied

            func applied(to bytes: Data) -> Data {
                switch self {
                case .cutShort: return bytes.prefix(bytes.count * 2 / 3)
                case .emptied: return Data()
                case .oneBitFlipped:
                    var bytes = bytes
                    bytes[bytes.startIndex + bytes.count / 2] ^= 0x10
                    return bytes
                }
            }
        }

        @Test(arguments: Damage.allCases) func theOneBeforeIsTakenAndTheReasonTold(damage: Damage) throws {
            let folder = try WorkFolder()
            let options = try SmallRuns.pretraining(["schedule.length=4", "run.checkpoint_every=2"])
            let whole = try Program.run(["pretrain", "--work-dir", "run"] + options, in: folder.path)
            try #require(whole.status == 0, "\(whole)")
            let newest = "run/step_4.safetensors.zst"
            let sound = try folder.bytes(newest)
            try folder.write(damage.applied(to: sound), newest)

            for verb in [
                ["verify", newest], ["show", newest], ["diff", newest, "run/step_2.safetensors.zst"],
            ] {
                let refused = try Program.run(["ckpt"] + verb, in: folder.path)
                #expect(refused.status == 65 && refused.complaints.count == 1, "\(refused)")
                #expect(refused.complaints.first?.contains(newest) == true, "\(refused)")
            }
            let named = try Program.run(
                ["pretrain", "--work-dir", "run", "--resume", newest] + options, in: folder.path)
            #expect(named.status == 65 && named.complaints.first?.contains(newest) == true, "\(named)")

            let resumed = try Program.run(
                ["pretrain", "--work-dir", "run", "--resume", "auto"] + options, in: folder.path)
            #expect(resumed.status == 0, "\(resumed)")
            let warning = resumed.errors.split(separator: "\n").first {
                $0.contains("passing over a checkpoint")
            }
            #expect(warning?.contains(newest) == true, "\(resumed)")
            #expect(
                resumed.errors.contains("resuming from run/step_2.safetensors.zst after 2 updates"),
                "\(resumed)")
            #expect(try folder.bytes(newest) == sound)
        }
    }
}
