namespace Tenantry.EndToEnd.Tests.Running;

/// <summary>The folder that holds the solution, found from where the tests run.</summary>
internal static class Repository
{
    public static string Root { get; } = Find(AppContext.BaseDirectory);

    public static string Example(string name) => Path.Combine(Root, "examples", name);

    private static string Find(string folder) =>
        File.Exists(Path.Combine(folder, "Tenantry.slnx")) ? folder : Find(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(folder))!);
}
