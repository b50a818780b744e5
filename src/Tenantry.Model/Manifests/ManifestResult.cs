using Tenantry.Model.Manifests.Shapes;

namespace Tenantry.Model.Manifests;

/// <summary>One mistake in a manifest.</summary>
/// <param name="File">The file's name as the caller gave it.</param>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1, in characters.</param>
/// <param name="Path">The place in the manifest: <c>services.web.ports[0]</c>; empty for the file as a whole.</param>
/// <param name="Message">A sentence that says what is wrong and what is allowed.</param>
public sealed record ManifestProblem(string File, int Line, int Column, string Path, string Message)
{
    /// <summary>In the form that editors and terminals turn into a link: <c>tenantry.yaml:3:5: services.web: …</c>.</summary>
    public override string ToString() => $"{File}:{Line}:{Column}: {(Path.Length == 0 ? "" : Path + ": ")}{Message}";
}

/// <summary>What reading gave: a manifest exactly when there are no problems.</summary>
public sealed record ManifestResult
{
    public Manifest? Manifest { get; init; }

    /// <summary>What could be read, also of a file with mistakes: good for nothing but finding further ones in the files beside it. Null when nothing could.</summary>
    public Manifest? Readable { get; init; }

    /// <summary>Every mistake found, in the order of the file.</summary>
    public IReadOnlyList<ManifestProblem> Problems { get; init; } = [];

    internal ReadContext? Context { get; init; }

    /// <summary>A mistake of a list's item that shows only in the files beside the manifest, with the item's place.</summary>
    /// <param name="list">Such as <c>build.inputs</c>; <see cref="Readable"/> must hold it.</param>
    /// <param name="index">Which item of it, from 0.</param>
    /// <param name="message">A sentence that says what is wrong.</param>
    public ManifestProblem ProblemOfItem(string list, int index, string message) =>
        (Context ?? throw new InvalidOperationException("Nothing was read.")).ProblemOfItem(list, index, message);

    /// <summary>A mistake of a value that shows only in the files beside the manifest, with the value's place.</summary>
    /// <param name="path">Such as <c>services.web.files["/etc/a"].source</c>; <see cref="Readable"/> must hold it.</param>
    /// <param name="message">A sentence that says what is wrong.</param>
    public ManifestProblem ProblemAt(string path, string message) =>
        (Context ?? throw new InvalidOperationException("Nothing was read.")).ProblemAt(path, message);
}
