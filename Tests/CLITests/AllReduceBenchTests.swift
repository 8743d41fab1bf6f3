import Foundation
import Testing

extension ProgramTests {
    /// `bench allreduce` on real ranks.
    @Suite struct AllReduceBenchTests {
        private let folder: WorkFolder

        init() throws { folder = try WorkFolder() }

        private func lines(_ arguments: [String], ranks: Int) throws -> [[String: Any]] {
            let outcome = try Program.run(
                ["bench", "allreduce", "--iters", "3"] + arguments, ranks: ranks, in: folder.path)
            try #require(outcome.status == 0, "\(outcome)")
            return try outcome.output.split(separator: "\n").map { line in
                try #require(
                    try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
            }
        }

        @Test(arguments: ["auto", "shm-ring", "ring", "mpi"])
        func everyAlgorithmIsTimedBesideTheLibrarys(algorithm: String) throws {
            let found = try lines(["--bytes", "4,65540,4000000", "--allreduce", algorithm], ranks: 2)
            #expect(found.map { $0["bytes"] as? Int } == [4, 65540, 4_000_000])
            for line in found {
                let named = try #require(line["algorithm"] as? String)
                #expect(algorithm == "auto" ? ["shm-ring", "mpi"].contains(named) : named == algorithm)
                #expect(line["ranks"] as? Int == 2 && line["nodes"] as? Int == 1)
                let times = try ["min_s", "median_s", "max_s", "mpi_s", "memcpy_s"].map {
                    try #require(line[$0] as? Double, "\($0) in \(line)")
                }
                #expect(times.allSatisfy { $0 > 0 || line["bytes"] as? Int == 4 }, "\(line)")
                #expect(times[0] <= times[1] && times[1] <= times[2])
            }
        }

        /// The target is twice as fast; half of it is asked for here, where other work may share the cores.
        @Test func sharedMemoryIsFasterThanTheLibrary() throws {
            let line = try #require(try lines(["--bytes", "33554432", "--iters", "7"], ranks: 2).first)
            let ratio = try #require(line["times_as_fast"] as? Double)
            print("all-reduce of 32 MB: \(ratio) times as fast as MPI_Allreduce")
            #expect(ratio > 1, "\(line)")
        }

        @Test func badSizesAreRefused() throws {
            for sizes in ["", "3", "8,,8", "-4", "many", "0"] {
                let outcome = try Program.run(
                    ["bench", "allreduce", "--bytes", sizes], ranks: nil, in: folder.path)
                #expect(outcome.status == 64 && outcome.output.isEmpty, "\(sizes): \(outcome)")
            }
            try expectRefusal(["bench", "allreduce"], status: 64, words: ["mpirun -np 2"], in: folder)
        }
    }
}
