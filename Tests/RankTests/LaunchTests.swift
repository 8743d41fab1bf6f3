import XCTest

@testable import Collectives

final class LaunchTests: RankTestCase {
    private func expectLaunchError(_ variables: [String: String], naming text: String) {
        XCTAssertThrowsError(try LaunchEnvironment(variables).check(worldSize: 1)) { error in
            guard let error = error as? CollectiveError else { return XCTFail("\(error)") }
            XCTAssertEqual(error.kind, .launch)
            XCTAssertTrue(error.text.contains(text), error.text)
        }
    }

    func testLoneRanksOfALargerLaunchAreRefused() {
        expectLaunchError(["OMPI_COMM_WORLD_SIZE": "4"], naming: "OMPI_COMM_WORLD_SIZE is 4")
        expectLaunchError(["PMI_SIZE": "2", "PMI_RANK": "1"], naming: "PMI_SIZE is 2")
        expectLaunchError(["SLURM_NTASKS": "16", "SLURM_PROCID": "3"], naming: "SLURM_NTASKS is 16")
    }

    func testTheNearestLauncherDecides() throws {
        try LaunchEnvironment(["OMPI_COMM_WORLD_SIZE": "1", "SLURM_NTASKS": "16"]).check(worldSize: 1)
        try LaunchEnvironment(["OMPI_COMM_WORLD_SIZE": "4"]).check(worldSize: 4)
        try LaunchEnvironment(["SLURM_NTASKS": "1"]).check(worldSize: 1)
        try LaunchEnvironment([:]).check(worldSize: 1)
    }

    func testTheJobHasAsManyRanksAsItsLauncherSays() throws {
        let world = try world()
        let launch = LaunchEnvironment()
        XCTAssertEqual(launch.declaredSize, world.topology.size)
        try launch.check(worldSize: world.topology.size)
        XCTAssertEqual(world.threadLevel, .multiple)
    }

    func testAProcessAloneNeedsNoLibrary() throws {
        let alone = try LaunchEnvironment([:]).openCommunicator()
        XCTAssertTrue(alone is LocalCommunicator)
        XCTAssertEqual(alone.topology.size, 1)
        XCTAssertEqual(try alone.reduced([1, 2, 3] as [Float], .sum, label: "alone"), [1, 2, 3])
        XCTAssertEqual(try alone.gather([1, 2], label: "alone"), [[1, 2]])
        XCTAssertEqual(try alone.broadcast([3, 4], label: "alone"), [3, 4])
        let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: 1)
        defer { buffer.deallocate() }
        buffer.initialize(repeating: 5)
        let pending = try alone.startAllReduceSum(buffer, label: "alone")
        XCTAssertTrue(try pending.poll())
        try pending.wait()
        XCTAssertEqual(buffer[0], 5)
        try alone.agree(on: 3, what: "anything")
        try alone.barrier(label: "alone")
        try alone.finish()
    }
}
