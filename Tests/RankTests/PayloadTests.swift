import XCTest

@testable import Collectives

/// Gradients that travel as bfloat16.
final class PayloadTests: RankTestCase {
    /// One rank has something to say, the others nothing: what comes back is that, rounded.
    func testRoundingGoesToTheNearestAndToEvenOnTies() throws {
        let communicator = try bf16(ranksPerNode: nil, .ring)
        guard communicator.topology.size > 1 else { return try communicator.freeGroups() }
        func rounded(_ values: [Float]) throws -> [Float] {
            try sum(
                communicator.topology.rank == 0 ? values : values.map { _ in -0.0 }, by: .ring,
                on: communicator)
        }
        func float(_ bits: UInt32) -> Float { Float(bitPattern: bits) }
        let cases: [(UInt32, UInt32)] = [
            (0x3F80_0000, 0x3F80_0000), (0x3F80_8000, 0x3F80_0000), (0x3F81_8000, 0x3F82_0000),
            (0x3F80_8001, 0x3F81_0000), (0x3F80_7FFF, 0x3F80_0000), (0xBF81_8000, 0xBF82_0000),
            (0x0000_0001, 0x0000_0000), (0x0001_8001, 0x0002_0000), (0x7F7F_FFFF, 0x7F80_0000),
            (0x7F80_0000, 0x7F80_0000), (0xFF80_0000, 0xFF80_0000), (0x8000_0000, 0x8000_0000),
        ]
        // Long enough for vectors, and a rest.
        let many = Array(repeating: cases, count: 5).flatMap { $0 }
        let results = try rounded(many.map { float($0.0) })
        for (result, (input, expected)) in zip(results, many) {
            XCTAssertEqual(result.bitPattern, expected, String(input, radix: 16))
        }
        for bits: UInt32 in [0x7FC0_0000, 0x7F80_0001, 0xFFFF_FFFF] {
            XCTAssertTrue(try rounded([float(bits)])[0].isNaN)
        }
        try communicator.freeGroups()
    }

    private func bf16(ranksPerNode: Int?, _ algorithm: AllReduceAlgorithm) throws -> MPICommunicator {
        var settings = CommunicatorSettings()
        settings.payload = .bf16
        settings.algorithm = algorithm
        settings.ringChunkByteCount = 1000
        settings.windowSlotByteCount = 4096
        settings.deadlineSeconds = 60
        return try world().duplicate(settings, ranksPerNode: ranksPerNode)
    }

    func testRoundedSumsKeepTheirBoundAndAreEqualOnAllRanks() throws {
        let size = try world().topology.size
        for (ranksPerNode, algorithm) in [(nil, AllReduceAlgorithm.ring), (1, .auto), (2, .auto)] {
            let communicator = try bf16(ranksPerNode: ranksPerNode, algorithm)
            func value(_ index: Int, _ rank: Int) -> Float { Float(sin(Double(index * 31 + rank * 17))) }
            let mine = (0..<20_011).map { value($0, communicator.topology.rank) }
            let sums = try sum(mine, by: communicator.algorithm, on: communicator)
            // Each rounding is off by half a unit of the eighth significant bit.
            let roundings = communicator.algorithm == .ring ? size : communicator.topology.nodeCount
            let relativeBound = roundings > 1 ? pow(1 + 1.0 / 256, Double(roundings)) - 1 : 0
            var differs = false
            for index in mine.indices {
                let terms = (0..<size).map { Double(value(index, $0)) }
                let magnitude = terms.reduce(0) { $0 + abs($1) }
                let error = abs(Double(sums[index]) - terms.reduce(0, +))
                let bound = magnitude * (relativeBound + 1e-6)
                if error > 1e-5 * magnitude { differs = true }
                guard error > bound else { continue }
                return XCTFail("\(algorithm), element \(index): off by \(error), bound \(bound)")
            }
            XCTAssertEqual(differs, roundings > 1, "\(communicator.reductionDescription)")
            let bits = sums.withUnsafeBytes { [UInt8]($0) }
            if let parts = try communicator.gather(bits, label: "bits") {
                XCTAssertTrue(parts.allSatisfy { $0 == parts[0] })
            }
            try communicator.freeGroups()
        }
    }

    func testTheLibraryIsNotAskedToRound() throws {
        guard try world().topology.size > 1 else { return }
        XCTAssertThrowsError(try bf16(ranksPerNode: nil, .mpi)) { error in
            XCTAssertEqual((error as? CollectiveError)?.kind, .unsupported)
        }
    }
}
