namespace Tenantry.Model.Manifests;

/// <summary>A folder to look at: real, in an archive, or made up.</summary>
public interface IFolderView
{
    /// <summary>The folder's own name.</summary>
    string Name { get; }

    /// <summary>Paths of the files in it, relative, with slashes. A few levels are enough.</summary>
    IReadOnlyCollection<string> Files { get; }

    /// <summary>The text of one of <see cref="Files"/>, or null when it is not there or not text.</summary>
    string? Read(string path);
}
