namespace Tenantry.Model.Manifests;

/// <summary>One key that a manifest may have.</summary>
/// <param name="Path">With <c>NAME</c> for a name that people choose and <c>[]</c> for the items of a list: <c>services.NAME.ports[].number</c>.</param>
/// <param name="Allowed">What the value may be, in words.</param>
/// <param name="Default">The value that counts when the key is left out, as it would be written; null when there is none.</param>
/// <param name="IsRequired">Whether it must be there.</param>
/// <param name="Description">What it does.</param>
public sealed record ManifestKey(string Path, string Allowed, string? Default, bool IsRequired, string Description);
