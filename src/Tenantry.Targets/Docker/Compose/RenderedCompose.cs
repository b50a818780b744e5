namespace Tenantry.Targets.Docker.Compose;

/// <summary>How a Compose file is made.</summary>
public sealed record ComposeOptions
{
    /// <summary>What the labels <c>.tenant</c>, <c>.version</c> and <c>.env</c> begin with.</summary>
    public string Prefix { get; init; } = "tenantry";

    /// <summary>The label <c>.version</c>; null: the app's own version.</summary>
    public string? Version { get; init; }

    /// <summary>The label <c>.env</c>; null: the instance's environment.</summary>
    public string? Environment { get; init; }

    /// <summary>Folder of the files that the Compose file names, relative to it.</summary>
    public string Folder { get; init; } = "compose.files";

    /// <summary>Private range that networks are cut from, 16 addresses each.</summary>
    public string Subnets { get; init; } = "10.208.0.0/12";

    /// <summary>Networks that instances have in the file as it is: a network keeps its addresses for as long as it is there.</summary>
    public IReadOnlyDictionary<string, string> Present { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
}

/// <summary>A Compose file and all that belongs beside it. Holds no secret.</summary>
/// <param name="Text">The Compose file.</param>
/// <param name="Files">Files that it names.</param>
/// <param name="Folders">Empty folders that it names.</param>
/// <param name="Secrets">Files that the operator fills.</param>
/// <param name="Variables">Variables that the operator sets.</param>
/// <param name="Rendered">Slugs of instances in it, sorted.</param>
/// <param name="Skipped">Instances that cannot be in it, sorted, each with the reason.</param>
/// <param name="Notices">What Compose cannot say, and who is concerned.</param>
public sealed record RenderedCompose(
    string Text,
    IReadOnlyList<ComposeFile> Files,
    IReadOnlyList<string> Folders,
    IReadOnlyList<ComposeSecret> Secrets,
    IReadOnlyList<ComposeVariable> Variables,
    IReadOnlyList<string> Rendered,
    IReadOnlyList<SkippedInstance> Skipped,
    IReadOnlyList<string> Notices);

/// <summary>A file beside the Compose file.</summary>
/// <param name="Path">Relative to the Compose file.</param>
/// <param name="Content">Its text.</param>
/// <param name="User">Who reads it; nobody else can.</param>
/// <param name="Group">That user's group.</param>
public sealed record ComposeFile(string Path, string Content, uint User, uint Group)
{
    /// <summary>0400.</summary>
    internal const int UsualMode = 0x100;

    /// <summary>Its permissions: never to write.</summary>
    public int Mode { get; init; } = UsualMode;
}

/// <summary>A file that must hold a secret's value before the instance starts.</summary>
public sealed record ComposeSecret(string Slug, string Name, string Path, uint User, uint Group);

/// <summary>A variable that must hold a secret's value before the instance starts.</summary>
public sealed record ComposeVariable(string Slug, string Secret, string Name);

/// <summary>An instance that is not in the file.</summary>
public sealed record SkippedInstance(string Slug, string Reason);

/// <summary>The overrides file has mistakes.</summary>
public sealed class ComposeOverridesException(IReadOnlyList<ComposeMistake> mistakes) : Exception(string.Join(' ', mistakes.Select(mistake => mistake.Message)))
{
    /// <summary>All of them.</summary>
    public IReadOnlyList<ComposeMistake> Mistakes { get; } = mistakes;
}

/// <summary>A mistake in the overrides file.</summary>
public sealed record ComposeMistake(string Path, string Message, int Line, int Column);
