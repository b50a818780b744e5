namespace Tenantry.Model.Manifests;

/// <summary>A key that a manifest has and that nothing acts on yet.</summary>
/// <param name="Path">Where it stands: <c>tiers.free.llm</c>.</param>
/// <param name="Sentence">What does not happen.</param>
public sealed record UnusedKey(string Path, string Sentence);

/// <summary>Tells people which parts of their manifest have no effect in this version, so that nothing is silently ignored.</summary>
public static class ManifestUse
{
    // One line per key. Whoever makes a key work deletes its line here, and with it the note in docs/manifest.md.
    private static readonly Entry[] Table =
    [
        new("backup", m => Is(m.Backup), "No backups are made by themselves."),
    ];

    /// <summary>The keys without effect, as <see cref="ManifestSchema.Keys"/> writes them.</summary>
    public static IReadOnlyList<string> Keys { get; } = [.. Table.Select(e => e.Key)];

    /// <summary>What the manifest says and nothing acts on yet, in the order of the reference.</summary>
    public static IReadOnlyList<UnusedKey> NotActedOn(Manifest manifest) =>
        [.. Table.SelectMany(e => e.Names(manifest).Select(name => new UnusedKey(e.Key.Replace("NAME", name, StringComparison.Ordinal), e.Sentence)))];

    private static IEnumerable<string> Is(object? value) => value is null ? [] : [""];

    private sealed record Entry(string Key, Func<Manifest, IEnumerable<string>> Names, string Sentence);
}
