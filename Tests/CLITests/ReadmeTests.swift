import Foundation
import Testing

extension ProgramTests {
    /// The commands that README.md shows in blocks marked `sh run` do what it says they do: they work.
    @Suite struct ReadmeTests {
        /// Lines of blocks whose first line is ```` ```sh run ````, joined where one ends in a backslash.
        private static func commands(_ text: String) -> [String] {
            var commands: [String] = []
            var isInside = false
            var begun = ""
            for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
                if line.hasPrefix("```") {
                    isInside = !isInside && line.dropFirst(3).split(separator: " ") == ["sh", "run"]
                    continue
                }
                guard isInside else { continue }
                begun += line
                if begun.hasSuffix("\\") {
                    begun.removeLast()
                    continue
                }
                let command = begun.trimmingCharacters(in: .whitespaces)
                begun = ""
                let isOurs = command.hasPrefix("aligndet-mpi") || command.contains(/^mpirun .*aligndet-mpi/)
                if isOurs { commands.append(command) }
            }
            return commands
        }

        @Test func everyRunnableCommandWorks() throws {
            let text = try String(contentsOfFile: "\(Program.root)/README.md", encoding: .utf8)
            let commands = Self.commands(text)
            #expect(!commands.isEmpty, "README.md shows no command that can be tried")
            let folder = try WorkFolder()
            for command in commands {
                let outcome = try RunningProgram(["sh", "-c", command], in: folder.path).finish()
                #expect(outcome.status == 0, "\(command): \(outcome)")
                #expect(!outcome.output.isEmpty, "\(command) prints nothing")
            }
        }

        @Test func onlyMarkedBlocksAreTaken() {
            let text = """
                ```sh
                aligndet-mpi pretrain
                ```
                ```sh run
                # a comment
                aligndet-mpi print-config \\
                    builtin:quick/finetune.yaml
                mpirun -np 2 aligndet-mpi doctor
                ls
                ```
                aligndet-mpi eval
                """
            #expect(
                Self.commands(text) == [
                    "aligndet-mpi print-config     builtin:quick/finetune.yaml",
                    "mpirun -np 2 aligndet-mpi doctor",
                ])
        }
    }
}
