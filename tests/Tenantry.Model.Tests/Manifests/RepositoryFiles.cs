namespace Tenantry.Model.Tests.Manifests;

/// <summary>The repository that the tests were built from.</summary>
internal static class RepositoryFiles
{
    public static string Root { get; } = FindRoot();

    public static string Golden { get; } = Path.Combine(Root, "tests", "Tenantry.Model.Tests", "Manifests", "golden");

    public static string ReadText(params string[] parts) => File.ReadAllText(Path.Combine([Root, .. parts]));

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Tenantry.slnx")))
                return folder.FullName;
        }
        throw new DirectoryNotFoundException($"No Tenantry.slnx above {AppContext.BaseDirectory}.");
    }
}
