import NN
import TestSupport
import Testing

@Suite struct LearningRateScheduleTests {
    private func check(_ name: String, _ schedule: LearningRateSchedule) throws {
        let golden = try GoldenTensors("ops/optimizer.safetensors")
        let rates = try golden.doubles("\(name).rates")
        for (step, rate) in zip(try golden.integers("\(name).iterations"), rates) {
            expectClose(
                Double(schedule.rate(step: step)), rate, relative: Tolerance.rounding, "\(name) at \(step)")
        }
    }

    @Test func stepsByEpochWithLinearWarmUp() throws {
        try check(
            "step_by_epoch",
            LearningRateSchedule(
                base: 0.02, warmUp: .linear(steps: 500, ratio: 0.001),
                decay: .steps([8 * 7393, 11 * 7393], factor: 0.1)))
    }

    @Test func aWarmUpMayReachOverAStep() throws {
        try check(
            "step_by_iteration",
            LearningRateSchedule(
                base: 0.01, warmUp: .linear(steps: 500, ratio: 0.001),
                decay: .steps([300, 9000, 11000], factor: 0.1)))
    }

    @Test func constantWarmUp() throws {
        try check(
            "constant_warmup",
            LearningRateSchedule(
                base: 0.01, warmUp: .constant(steps: 500, ratio: 1.0 / 3),
                decay: .steps([9000, 11000], factor: 0.1)))
    }

    @Test func cosineToItsMinimum() throws {
        let schedule = LearningRateSchedule(
            base: 0.03, warmUp: .linear(steps: 100, ratio: 0.001), decay: .cosine(length: 1000, minimum: 0.01)
        )
        try check("cosine", schedule)
        // It stays there afterwards.
        expectClose(Double(schedule.rate(step: 5000)), 0.0003, relative: Tolerance.rounding)
    }
}
