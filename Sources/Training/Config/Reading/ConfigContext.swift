/// What every section of one configuration shares.
struct ConfigContext {
    /// The merged whole.
    let root: ConfigNode
    /// The folder that `builtin:` stands for.
    let builtInRoot: String
}
