import Foundation
import Testing

extension ProgramTests {
    /// `doctor`: what this launch has, and what to mend.
    @Suite struct DoctorVerbTests {
        private let folder: WorkFolder

        init() throws { folder = try WorkFolder() }

        /// - variables: NAME=VALUE.
        private func doctor(
            _ arguments: [String] = [], variables: [String] = [], ranks: Int? = nil, status: Int32 = 0
        ) throws -> Outcome {
            let launcher =
                ranks.map { ["mpirun", "-np", "\($0)", "--oversubscribe", "--bind-to", "none"] } ?? []
            let outcome = try RunningProgram(
                variables + launcher + [Program.path, "doctor"] + arguments, in: folder.path
            ).finish()
            try #require(outcome.status == status, "\(outcome)")
            return outcome
        }

        @Test func everyPartIsLookedAt() throws {
            let output = try doctor(["--work-dir", "runs"], ranks: 2).output
            for words in [
                "2 ranks on 1 host\n", "MPI: Open MPI", "gradient sums: ", "\nrank 1  host ", "  ISA ",
                "  oneDNN ",
                "  OpenBLAS ", "  ranks 2  network ", "/dev/shm ", "ranks read each other: ",
                "\ninside a host: ",
                " us, ", " GB/s", "\nwork folder: runs on ", "replaces files whole, creates them once",
            ] { #expect(output.contains(words), "'\(words)' is not in \(output)") }
            // It leaves nothing behind.
            #expect(folder.names().isEmpty)
        }

        @Test func moreThreadsThanCoresAreFound() throws {
            let cores = ProcessInfo.processInfo.activeProcessorCount
            let output = try doctor(variables: ["OMP_NUM_THREADS=\(cores + 1)"]).output
            #expect(
                output.contains(
                    "! rank 0: \(cores + 1) threads on \(cores) cores: set OMP_NUM_THREADS=\(cores)"),
                "\(output)")
            let crowd = try doctor(variables: ["OMP_NUM_THREADS=\(cores)"], ranks: 2).output
            #expect(crowd.contains(": 2 ranks with \(2 * cores) threads on \(cores) cores: "), "\(crowd)")
        }

        @Test func ranksThatShareCoresAreFound() throws {
            guard ProcessInfo.processInfo.activeProcessorCount >= 2 else { return }
            let output = try doctor(ranks: 2).output
            #expect(
                output.contains("ranks 0 and 1 share cores ") && output.contains("--bind-to core"),
                "\(output)")
        }

        @Test func slowKernelsOfOpenBLASAreFound() throws {
            let flags = try String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)
            guard flags.contains(" avx512bw ") else { return }
            let slow = try doctor(variables: ["OPENBLAS_CORETYPE=Haswell"]).output
            #expect(slow.contains("set OPENBLAS_CORETYPE=SkylakeX"), "\(slow)")
            let fast = try doctor(variables: ["OPENBLAS_CORETYPE=SkylakeX"]).output
            #expect(!fast.contains("OPENBLAS_CORETYPE"), "\(fast)")
        }

        @Test func aWorkFolderThatCannotBeWrittenIsFound() throws {
            try folder.write("a file", "taken")
            let output = try doctor(["--work-dir", "taken/runs"], ranks: 2).output
            #expect(output.contains("! work folder taken/runs: "), "\(output)")
            #expect(output.contains("choose another --work-dir"), "\(output)")
            #expect(folder.names() == ["taken"])
        }

        /// Ranks that would each train alone, as when srun and the MPI library do not know each other.
        @Test(arguments: ["SLURM_NTASKS=4", "OMPI_COMM_WORLD_SIZE=4", "PMI_SIZE=4"])
        func ranksThatDoNotSeeEachOtherAreRefused(variable: String) throws {
            let outcome = try doctor(variables: [variable], status: 78)
            let complaint = try #require(outcome.complaints.first)
            #expect(complaint.contains(variable.replacingOccurrences(of: "=", with: " is ")), "\(complaint)")
            #expect(complaint.contains("1 rank") && complaint.contains("mpirun"), "\(complaint)")
        }
    }
}
