using System.Runtime.CompilerServices;

namespace Tenantry.Targets.Tests;

/// <summary>Compares text with a file in the folder Golden beside the test. TENANTRY_WRITE_GOLDEN=1 writes it: look at what changed.</summary>
internal static class GoldenFile
{
    internal static void ShouldBeGolden(this string actual, string name, [CallerFilePath] string caller = "")
    {
        var file = Path.Combine(Path.GetDirectoryName(caller)!, "Golden", name);
        if (Environment.GetEnvironmentVariable("TENANTRY_WRITE_GOLDEN") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, actual);
        }

        File.Exists(file).ShouldBeTrue($"{file} is missing; run once with TENANTRY_WRITE_GOLDEN=1.");
        actual.ShouldBe(File.ReadAllText(file));
    }
}
