package import NN

extension OptimizerConfig {
    /// The optimizer over an arena.
    package func make(_ arena: ParameterArena) -> any Optimizer {
        let rules = rules.map {
            ParameterRule(
                match: $0.match, rateFactor: Float($0.learningRateMultiplier), decayFactor: Float($0.decayMultiplier))
        }
        return switch algorithm {
        case .sgd(let momentum):
            SGD(arena, momentum: Float(momentum), weightDecay: Float(weightDecay), rules: rules)
        case .adamW(let beta1, let beta2, let epsilon):
            AdamW(
                arena, betas: (beta1, beta2), epsilon: Float(epsilon), weightDecay: Float(weightDecay), rules: rules)
        }
    }
}

extension ScheduleConfig {
    private func steps(_ length: Int, _ stepsPerEpoch: Int) -> Int { unit == .epoch ? length * stepsPerEpoch : length }

    /// Length of the run in steps.
    package func stepCount(stepsPerEpoch: Int) -> Int { steps(length, stepsPerEpoch) }

    /// The learning rate along the run.
    package func rates(base: Double, stepsPerEpoch: Int) -> LearningRateSchedule {
        let warmUp: LearningRateSchedule.WarmUp =
            switch self.warmUp {
            case .none: .none
            case .linear(let steps, let ratio): .linear(steps: steps, ratio: ratio)
            case .constant(let steps, let ratio): .constant(steps: steps, ratio: ratio)
            }
        let decay: LearningRateSchedule.Decay =
            switch self.decay {
            case .step(let at, let factor): .steps(at.map { steps($0, stepsPerEpoch) }, factor: factor)
            case .cosine(let minimum): .cosine(length: stepCount(stepsPerEpoch: stepsPerEpoch), minimum: minimum)
            }
        return LearningRateSchedule(base: base, warmUp: warmUp, decay: decay)
    }
}
