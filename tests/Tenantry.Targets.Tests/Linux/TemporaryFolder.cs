using Tenantry.Targets.Linux;

namespace Tenantry.Targets.Tests.Linux;

/// <summary>A folder of a test's own, removed with everything mounted below it.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("tenantry-test-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose()
    {
        Mounts.UnmountTree(Path);
        FolderRemoval.Remove(Path);
    }
}
