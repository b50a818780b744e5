namespace Tenantry.Model.Manifests.Importing;

/// <summary>What a Compose file for many tenants becomes: one app, and a tenant for each service.</summary>
/// <param name="Manifest">The text of the app's manifest.</param>
/// <param name="Tenants">The tenants, in the order of the file.</param>
/// <param name="Notes">What is not carried over, or otherwise than somebody may think, with its line.</param>
public sealed record ComposeImport(string Manifest, IReadOnlyList<ImportedTenant> Tenants, IReadOnlyList<ImportNote> Notes);

/// <summary>A tenant of a Compose file.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Service">Its service in the Compose file.</param>
/// <param name="Line">Where that begins.</param>
/// <param name="Container">The container's name where the file gives one, or null.</param>
/// <param name="Tier">The tier with its limits.</param>
/// <param name="Features">Values of variables in which tenants differ.</param>
/// <param name="Secrets">Values of its secrets by name. Never printed.</param>
/// <param name="Volumes">Volume of the manifest by path inside the container.</param>
/// <param name="Files">Paths inside the container of files that come from secrets.</param>
public sealed record ImportedTenant(
    string Name,
    string Service,
    int Line,
    string? Container,
    string Tier,
    IReadOnlyDictionary<string, string> Features,
    IReadOnlyDictionary<string, string> Secrets,
    IReadOnlyDictionary<string, string> Volumes,
    IReadOnlyList<string> Files);

/// <summary>A sentence about a line of the file.</summary>
public sealed record ImportNote(int Line, string Text);

/// <summary>The file cannot be imported. The message says why.</summary>
public sealed class ComposeImportException(int line, string message) : Exception(message)
{
    /// <summary>Where, from 1.</summary>
    public int Line { get; } = line;
}
