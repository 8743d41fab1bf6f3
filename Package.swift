// swift-tools-version: 6.2
import PackageDescription

// The targets below are the architecture: a target may import what it lists here and nothing else.
// Three walls carry the design. `DetectionData` cannot see `Tensors`, so loader threads cannot touch the graph;
// `Collectives` cannot see `Tensors`, so it is testable with plain arrays; `Detection` cannot see `Collectives`,
// so no loss or head can communicate.

let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// C shims and kernels are optimised in debug builds too: a test suite on unoptimised kernels takes an hour.
/// Fused multiply-adds may be formed, but where a file forbids it: plain `fast` would not honour that.
let cSettings: [CSetting] = [
    .unsafeFlags(["-O3", "-fno-math-errno", "-ffp-contract=fast-honor-pragmas", "-Wall", "-Werror"])
]

func shim(_ name: String, _ libraries: [String], _ dependencies: [Target.Dependency] = []) -> Target {
    .target(
        name: name, dependencies: dependencies, cSettings: cSettings,
        linkerSettings: libraries.map { .linkedLibrary($0) })
}

func library(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource]? = nil) -> Target {
    .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: swiftSettings)
}

func tests(
    _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = [], resources: [Resource]? = nil
) -> Target {
    .testTarget(
        name: name, dependencies: dependencies + ["TestSupport"], exclude: exclude, resources: resources,
        swiftSettings: swiftSettings)
}

let heap: Target.Dependency = .product(name: "HeapModule", package: "swift-collections")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "aligndet-mpi",
    products: [.executable(name: "aligndet-mpi", targets: ["AlignDetCLI"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
    ],
    targets: [
        // C: one shim per foreign library, the foreign header stays in its .c file.
        .systemLibrary(name: "CSystemMPI", pkgConfig: "mpi", providers: [.apt(["libopenmpi-dev"])]),
        shim("CMPI", [], ["CSystemMPI"]),
        shim("COneDNN", ["dnnl"]),
        shim("COpenBLAS", ["openblas"]),
        shim("CJPEG", ["jpeg"]),
        shim("CPNG", ["png"]),
        shim("CZstd", ["zstd"]),
        shim("CThreading", ["gomp"]),
        shim("CKernels", ["m"], ["CThreading"]),

        // Layer 0 and 1
        library("Randomness", []),
        library("Tensors", ["Randomness", "COneDNN", "COpenBLAS", "CThreading", "CKernels"]),
        library("DetectionData", ["Randomness", "CJPEG", "CPNG", heap]),
        library("Collectives", ["CMPI"]),
        // Layer 2 and 3
        library("NN", ["Tensors", "Randomness", "CKernels"]),
        library("COCOEvaluation", ["DetectionData"]),
        library("Detection", ["NN", "Tensors", "DetectionData", "Randomness", "CKernels"]),
        library("Checkpointing", ["NN", "Tensors", "CZstd"]),
        // Layer 4 to 6
        library("Pretraining", ["Detection", "NN", "Tensors", "DetectionData", "Randomness"]),
        library(
            "Training",
            [
                "Pretraining", "Detection", "Checkpointing", "COCOEvaluation", "Collectives", "NN", "Tensors",
                "DetectionData", "Randomness", logging, yams,
            ]),
        .executableTarget(
            name: "AlignDetCLI",
            dependencies: [
                "Training", "Pretraining", "Detection", "Checkpointing", "COCOEvaluation", "Collectives",
                "NN",
                "Tensors", "DetectionData", "Randomness", argumentParser, logging,
            ],
            resources: [.copy("BuiltIn")],
            swiftSettings: swiftSettings),

        // Tests
        .target(
            name: "TestSupport",
            dependencies: ["Pretraining", "Detection", "NN", "Tensors", "DetectionData", "Randomness"],
            path: "Tests/TestSupport",
            resources: [.copy("Golden")], swiftSettings: swiftSettings),
        tests("RandomnessTests", ["Randomness"]),
        tests("TensorsTests", ["Tensors", "Randomness"]),
        tests("DetectionDataTests", ["DetectionData", "Randomness"]),
        tests("NNTests", ["NN", "Tensors", "Randomness"]),
        tests("COCOEvaluationTests", ["COCOEvaluation", "DetectionData"]),
        tests("DetectionTests", ["Detection", "NN", "Tensors", "DetectionData", "Randomness"]),
        tests("CheckpointingTests", ["Checkpointing", "NN", "Tensors"]),
        tests(
            "PretrainingTests", ["Pretraining", "Detection", "NN", "Tensors", "DetectionData", "Randomness"]),
        tests(
            "TrainingTests",
            [
                "Training", "Pretraining", "Detection", "Checkpointing", "Collectives", "NN", "Tensors",
                "DetectionData",
            ]),
        tests("CLITests", []),
        // Started under mpirun by launch/test-ranks.sh; MPI wants the process's main thread, which XCTest gives.
        tests("RankTests", ["Training", "Collectives", "Pretraining", "NN", "Tensors", "DetectionData"]),
    ]
)
