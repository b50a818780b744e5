using Tenantry.Model.Manifests;

namespace Tenantry.Model.Tests.Manifests;

/// <summary>A folder of the repository.</summary>
internal sealed class FolderOnDisk(string path) : IFolderView
{
    public string Name => Path.GetFileName(path);

    public IReadOnlyCollection<string> Files { get; } =
        [.. Directory.GetFiles(path, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(path, f).Replace('\\', '/')).Order(StringComparer.Ordinal)];

    public string? Read(string file) => Files.Contains(file, StringComparer.Ordinal) ? File.ReadAllText(Path.Combine(path, file)) : null;
}

/// <summary>A folder that is made up.</summary>
internal sealed class FolderOfTexts(string name, params (string Path, string Text)[] files) : IFolderView
{
    public string Name => name;

    public IReadOnlyCollection<string> Files { get; } = [.. files.Select(f => f.Path)];

    public string? Read(string path) => Array.Find(files, f => f.Path == path).Text;
}
