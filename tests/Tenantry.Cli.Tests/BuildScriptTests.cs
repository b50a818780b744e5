using System.Diagnostics;

namespace Tenantry.Cli.Tests;

/// <summary>The script that builds from the sources and removes versions from which nothing runs any more.</summary>
public class BuildScriptTests
{
    // Its control plane lost its files when somebody else built.
    [Fact]
    public async Task AVersionFromWhichAnotherUsersProgramRunsIsInUse()
    {
        var script = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "tenantry"));
        var begin = script.IndexOf("in_use() {", StringComparison.Ordinal);
        var function = script[begin..(script.IndexOf("\n}\n", begin, StringComparison.Ordinal) + 3)];
        var folder = Directory.CreateTempSubdirectory("tenantry-cli-");
        File.Copy("/bin/sleep", Path.Combine(folder.FullName, "tenantry"));
        if (Environment.IsPrivilegedProcess)
            (await AsAsync("", folder.FullName)).ShouldBe("free");

        using var program = Process.Start(Path.Combine(folder.FullName, "tenantry"), "60");
        (await AsAsync("", folder.FullName)).ShouldBe("used");
        if (Environment.IsPrivilegedProcess)
            (await AsAsync("setpriv --reuid=65534 --regid=65534 --clear-groups ", folder.FullName)).ShouldBe("used");
        program.Kill();
        await program.WaitForExitAsync();
        folder.Delete(recursive: true);

        async Task<string> AsAsync(string user, string version)
        {
            using var shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", $"{user}sh -c '{function.Replace("'", "'\\''", StringComparison.Ordinal)}in_use {version} && echo used || echo free'"]) { RedirectStandardOutput = true })!;
            var said = await shell.StandardOutput.ReadToEndAsync();
            await shell.WaitForExitAsync();
            return said.Trim();
        }
    }
}
