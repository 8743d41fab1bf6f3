import XCTest

@testable import Collectives

final class AllReduceTests: RankTestCase {
    private let counts = [0, 1, 3, 1000, 1_000_003]

    /// Small whole numbers: their sums are exact, in whatever order.
    private func whole(_ index: Int, rank: Int) -> Int { (index * 7 + rank * 13) % 101 - 50 }

    private func wholeSum(_ index: Int, size: Int) -> Int {
        (0..<size).reduce(0) { $0 + whole(index, rank: $1) }
    }

    /// Fractions over many magnitudes: their sums depend on the order.
    private func fraction(_ index: Int, rank: Int) -> Float {
        Float(sin(Double(index * 31 + rank * 17)))
            * Float(sign: .plus, exponent: index % 24 - 12, significand: 1)
    }

    func testSumsOfEveryAlgorithmEqualHandComputation() throws {
        let world = try world()
        for algorithm in algorithms(of: world) {
            for count in counts {
                let mine = (0..<count).map { Float(whole($0, rank: world.topology.rank)) }
                let expected = (0..<count).map { Float(wholeSum($0, size: world.topology.size)) }
                XCTAssertTrue(
                    try sum(mine, by: algorithm, on: world) == expected, "\(algorithm), \(count) elements")
            }
        }
    }

    func testSmallReductionsEqualHandComputation() throws {
        let world = try world()
        let (rank, size) = (world.topology.rank, world.topology.size)
        for count in counts {
            let mine = (0..<count).map { whole($0, rank: rank) }
            let sums = (0..<count).map { wholeSum($0, size: size) }
            XCTAssertTrue(
                try world.reduced(mine.map { Float($0) }, .sum, label: "f") == sums.map { Float($0) })
            XCTAssertTrue(
                try world.reduced(mine.map { Double($0) }, .sum, label: "d") == sums.map { Double($0) })
            XCTAssertTrue(
                try world.reduced(mine.map { Int64($0) }, .sum, label: "i") == sums.map { Int64($0) })
        }
        XCTAssertEqual(
            try world.reduced(Int64(rank) * 10 - 5, .maximum, label: "max"), Int64(size - 1) * 10 - 5)
        XCTAssertEqual(try world.reduced(Int64(rank) * 10 - 5, .minimum, label: "min"), -5)
        XCTAssertEqual(try world.reduced(Double(rank) + 0.5, .maximum, label: "max"), Double(size) - 0.5)
        XCTAssertEqual(try world.reduced(Float(-rank), .minimum, label: "min"), Float(1 - size))
        XCTAssertEqual(
            try world.reduced(Int64.max - Int64(rank), .minimum, label: "min"), Int64.max - Int64(size - 1))
    }

    func testEveryRankHoldsTheSameBits() throws {
        let world = try world()
        for algorithm in algorithms(of: world) {
            let mine = (0..<100_003).map { fraction($0, rank: world.topology.rank) }
            let bits = try sum(mine, by: algorithm, on: world).map { $0.bitPattern }
            let bytes = bits.withUnsafeBytes { [UInt8]($0) }
            guard let parts = try world.gather(bytes, label: "bits") else { continue }
            for (rank, part) in parts.enumerated() {
                XCTAssertTrue(part == parts[0], "\(algorithm): rank \(rank) holds other bits than rank 0")
            }
        }
    }

    func testAlgorithmsAgreeWithinRounding() throws {
        let world = try world()
        let (rank, size) = (world.topology.rank, world.topology.size)
        let count = 50_021
        let mine = (0..<count).map { fraction($0, rank: rank) }
        for algorithm in algorithms(of: world) {
            let sums = try sum(mine, by: algorithm, on: world)
            for index in 0..<count {
                let terms = (0..<size).map { Double(fraction(index, rank: $0)) }
                let magnitude = terms.reduce(0) { $0 + abs($1) }
                let bound = Double(size - 1) * Double(Float.ulpOfOne) * magnitude
                let error = abs(Double(sums[index]) - terms.reduce(0, +))
                guard error > bound else { continue }
                return XCTFail("\(algorithm), element \(index): off by \(error), rounding allows \(bound)")
            }
        }
    }

    func testReductionsUnderWayAreIndependent() throws {
        let world = try world()
        let (rank, size) = (world.topology.rank, world.topology.size)
        for algorithm in algorithms(of: world) {
            let buffers = (0..<3).map { index in
                let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: 300_000 + index)
                buffer.initialize(repeating: Float(rank + index))
                return buffer
            }
            defer { for buffer in buffers { buffer.deallocate() } }
            let first = try world.startAllReduceSum(buffers[0], by: algorithm, label: "bucket 0")
            let second = try world.startAllReduceSum(buffers[1], by: algorithm, label: "bucket 1")
            let third = try world.startAllReduceSum(buffers[2], by: algorithm, label: "bucket 2")
            XCTAssertEqual(try world.reduced(Int64(1), .sum, label: "overtaking count"), Int64(size))
            while try !third.poll() {}
            try second.wait()
            try first.wait()
            let rankSum = size * (size - 1) / 2
            for (index, buffer) in buffers.enumerated() {
                XCTAssertTrue(
                    buffer.allSatisfy { $0 == Float(rankSum + size * index) }, "\(algorithm), \(index)")
            }
        }
    }

    func testLongBuffersAreSplit() throws {
        let world = try world()
        MPIGroup.limitPieces(to: 1000)
        defer { MPIGroup.limitPieces(to: nil) }
        for count in [999, 1000, 1001, 12_345] {
            let mine = (0..<count).map { Float(whole($0, rank: world.topology.rank)) }
            let expected = (0..<count).map { Float(wholeSum($0, size: world.topology.size)) }
            for algorithm in algorithms(of: world) {
                XCTAssertTrue(try sum(mine, by: algorithm, on: world) == expected, "\(algorithm), \(count)")
            }
        }
        let bytes = (0..<5_001).map { UInt8(truncatingIfNeeded: $0) }
        XCTAssertEqual(try world.broadcast(bytes, label: "split"), bytes)
        let parts = try world.gather(bytes, label: "split")
        XCTAssertEqual(parts?.allSatisfy { $0 == bytes } ?? true, true)
    }
}
