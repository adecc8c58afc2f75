extension Limits.OneStop {
    /// Most mappings between versions of one procedure that are listed, the newest of them.
    public static let mappings = 100
    /// Most procedures of one linked set, and most sets that are listed.
    public static let links = 20
    public static let linkedSets = 500
}
