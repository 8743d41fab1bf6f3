internal import Detection
internal import NN

extension AssignerConfig {
    var matcher: MaxIoUMatcher {
        MaxIoUMatcher(
            positive: Float(positive), negative: Float(negative), minimumPositive: Float(minimumPositive),
            lowQuality: lowQuality.rule)
    }
}

extension AssignerConfig.LowQuality {
    fileprivate var rule: MaxIoUMatcher.LowQuality {
        switch self {
        case .none: .none
        case .all: .claimingBox
        case .once: .claimingBoxOnce
        }
    }
}

extension HeadConfig.BoxLoss {
    var loss: RetinaNet.Settings.BoxLoss {
        switch self {
        case .l1: .offsets(.l1)
        case .smoothL1: .offsets(.smoothL1(beta: 1 / 9))
        case .giou: .giou
        }
    }
}

extension PointConfig {
    func generator(halvesStrides: Bool) -> PointGenerator {
        PointGenerator(
            strides: halvesStrides ? strides.map { $0 / 2 } : strides, offset: Float(offset),
            spacingFollowsInput: spacing == .input)
    }
}

extension PointStageConfig {
    var layout: FCOSHead.Layout {
        FCOSHead.Layout(
            channels: head.channels, convolutionCount: head.stackedConvolutions, groupCount: head.groups,
            hasTowerBias: head.convolutionBias, centrenessOnBoxTower: head.centernessOnBoxTower,
            scaleCount: head.levelScales ? points.strides.count : 0)
    }

    var settings: FCOS.Settings {
        FCOS.Settings(
            matcher: PointMatcher(
                limits: points.limits.map { Float($0) }, radius: points.radius.map { Float($0) }),
            distances: head.distances == .exp ? .exponential : .strides,
            boxLoss: head.boxLoss == .iou ? .iou : .giou,
            boxWeight: head.boxWeight == .centerness ? .centreness : .equal,
            score: head.score == .root ? .root : .product, candidatesPerLevel: test?.preNMSCount ?? 0,
            scoreThreshold: Float(test?.scoreThreshold ?? 1),
            suppressionThreshold: Float(test?.nmsThreshold ?? 1),
            detectionLimit: test?.maximumDetections ?? 0)
    }
}

extension RegionHeadConfig.BoxLoss {
    var loss: BoxRegressionLoss {
        switch self {
        case .l1: .l1
        case .smoothL1: .smoothL1(beta: 1 / 9)
        case .wideSmoothL1: .smoothL1(beta: 1)
        }
    }
}

extension BalancedSamplerConfig {
    var sampler: RandomSampler {
        RandomSampler(
            count: count, positiveFraction: Float(positiveFraction),
            negativesPerPositive: negativesPerPositive)
    }
}

extension RPNConfig {
    var settings: RPNSettings {
        func limits(_ part: ProposalLimitsConfig) -> RPNSettings.Limits {
            RPNSettings.Limits(perLevel: part.perLevel, total: part.total)
        }
        return RPNSettings(
            matcher: assigner.matcher, sampler: sampler.sampler, boxLoss: boxLoss.loss,
            training: limits(training),
            testing: limits(testing), suppressionThreshold: nmsThreshold, minimumSide: Float(minimumSide),
            border: border.map { Float($0) })
    }
}

extension TwoStageConfig {
    /// Of a second stage that is run once.
    var regionSettings: RegionSettings {
        guard let assigner, let deviations = head.deviations else {
            preconditionFailure("a cascade has stages")
        }
        return regionSettings(assigner.matcher, deviations)
    }

    /// Of a stage of a cascade: no box claims a region that it overlaps less.
    func regionSettings(of stage: CascadeStageConfig) -> RegionSettings {
        let overlap = Float(stage.overlap)
        return regionSettings(
            MaxIoUMatcher(positive: overlap, negative: overlap, minimumPositive: overlap, lowQuality: .none),
            stage.deviations)
    }

    private func regionSettings(_ matcher: MaxIoUMatcher, _ deviations: [Double]) -> RegionSettings {
        let deviations = deviations.map { Float($0) }
        return RegionSettings(
            matcher: matcher, sampler: sampler.sampler,
            deviations: BoxCoder.Deviations(
                x: deviations[0], y: deviations[1], width: deviations[2], height: deviations[3]),
            boxLoss: head.boxLoss.loss, scoreThreshold: Float(test?.scoreThreshold ?? 1),
            suppressionThreshold: test?.nmsThreshold ?? 1, detectionLimit: test?.maximumDetections ?? 0,
            minimumSide: 0)
    }
}
