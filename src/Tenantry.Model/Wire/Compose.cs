namespace Tenantry.Model.Wire;

/// <summary><c>POST /v1/render/compose</c>: a Compose file for instances. Changes nothing.</summary>
/// <param name="Slugs">Which instances; null or empty: all.</param>
/// <param name="Prefix">What the labels <c>.tenant</c>, <c>.version</c> and <c>.env</c> begin with; null: <c>tenantry</c>.</param>
/// <param name="Version">The label <c>.version</c>; null: the app's own version.</param>
/// <param name="Environment">The label <c>.env</c>; null: the instance's environment.</param>
/// <param name="Folder">Name of the folder beside the Compose file in which its files will lie; null: <c>compose.files</c>.</param>
/// <param name="Subnets">Private range that networks are cut from; null: <c>10.208.0.0/12</c>.</param>
/// <param name="Present">Networks that instances have in the file that is replaced, by slug; they keep them.</param>
/// <param name="Overrides">Text of an overrides file; null: none.</param>
/// <param name="OverridesName">Its name, for messages.</param>
public sealed record RenderComposeRequest(
    IReadOnlyList<string>? Slugs = null,
    string? Prefix = null,
    string? Version = null,
    string? Environment = null,
    string? Folder = null,
    string? Subnets = null,
    IReadOnlyDictionary<string, string>? Present = null,
    string? Overrides = null,
    string? OverridesName = null);

/// <summary>A Compose file and what belongs beside it; holds no secret.</summary>
/// <param name="Text">The Compose file.</param>
/// <param name="Files">Files that it names, relative to it.</param>
/// <param name="Folders">Empty folders that it names.</param>
/// <param name="Secrets">Files that must hold a secret's value before the instance starts.</param>
/// <param name="Variables">Variables that must hold a secret's value before Compose reads the file.</param>
/// <param name="Rendered">Slugs of the instances in it, sorted.</param>
/// <param name="Skipped">Instances that are not in it, sorted, each with the reason.</param>
/// <param name="Notices">Sentences for a person: what Compose cannot say.</param>
public sealed record RenderComposeResponse(
    string Text,
    IReadOnlyList<ComposeFileResponse> Files,
    IReadOnlyList<string> Folders,
    IReadOnlyList<ComposeSecretResponse> Secrets,
    IReadOnlyList<ComposeVariableResponse> Variables,
    IReadOnlyList<string> Rendered,
    IReadOnlyList<SkippedInstanceResponse> Skipped,
    IReadOnlyList<string> Notices);

/// <summary>A file that the Compose file names: for this user and group alone.</summary>
/// <param name="Path">Beside the Compose file.</param>
/// <param name="Content">Its text.</param>
/// <param name="User">Whose it is.</param>
/// <param name="Group">Of that user.</param>
/// <param name="Mode">Its permissions, as a number; 256 is 0400.</param>
public sealed record ComposeFileResponse(string Path, string Content, uint User, uint Group, int Mode = 256);

/// <summary>A file that must hold a secret's value, for this user and group alone.</summary>
public sealed record ComposeSecretResponse(string Slug, string Name, string Path, uint User, uint Group);

/// <summary>A variable that must hold a secret's value.</summary>
public sealed record ComposeVariableResponse(string Slug, string Secret, string Name);

/// <summary>An instance that could not be rendered.</summary>
public sealed record SkippedInstanceResponse(string Slug, string Reason);
