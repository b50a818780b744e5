using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Tenantry.Server.Tests.Api;

namespace Tenantry.Server.Tests.Serving;

/// <summary>The units of deploy/systemd, and a control plane whose key the service manager hands over.</summary>
public partial class SystemdTests
{
    private const string Analyzer = "/usr/bin/systemd-analyze";
    private const double MostExposed = 2;

    [SystemdFact]
    public async Task TheUnitsAreWhatSystemdTakesAndTheWebSideIsShutIn()
    {
        using var folder = new TestFolder();
        Directory.CreateDirectory(folder.Data);
        foreach (var unit in Directory.GetFiles(Path.Combine(ServerTests.RepositoryRoot(), "deploy", "systemd"), "*.service"))
        {
            // Of the program it wants no more than that it is there.
            var text = (await File.ReadAllTextAsync(unit)).Replace("/usr/local/bin/tenantry", "/bin/true", StringComparison.Ordinal);
            await File.WriteAllTextAsync(Path.Combine(folder.Data, Path.GetFileName(unit)), text);
        }

        foreach (var unit in Directory.GetFiles(folder.Data, "*.service"))
            (await AnalyzeAsync("verify", "--man=no", "--recursive-errors=no", unit)).ShouldBeEmpty();
        var broken = Path.Combine(folder.Data, "broken.service");
        await File.WriteAllTextAsync(broken, "[Service]\nExecStart=/bin/true\nKillMode=nobody\n");
        (await AnalyzeAsync("verify", "--man=no", "--recursive-errors=no", broken)).ShouldContain("kill mode");

        foreach (var unit in new[] { "tenantry-web.service", "tenantry-gateway.service" })
        {
            var security = await AnalyzeAsync("security", "--offline=true", "--no-pager", Path.Combine(folder.Data, unit));
            double.Parse(Exposure().Match(security).Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture).ShouldBeLessThan(MostExposed, security);
        }
    }

    [Fact]
    public async Task AnEngineTakesItsKeyFromTheCredentialsDirectoryAndWritesNone()
    {
        using var folder = new TestFolder();
        var credentials = Directory.CreateTempSubdirectory("tenantry-credentials-").FullName;
        try
        {
            using (var key = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256))
                await File.WriteAllTextAsync(Path.Combine(credentials, "engine.key"), key.ExportPkcs8PrivateKeyPem());
            (string Name, string? Value)[] environment = [("CREDENTIALS_DIRECTORY", credentials)];
            await using (var serve = await ServeProcess.StartAsync(folder.Data, environment, "--api", "127.0.0.1:0", "--gateway", "127.0.0.1:0"))
            {
                using var client = serve.Client();
                File.Exists(Path.Combine(folder.Data, "engine", "engine.key")).ShouldBeFalse();
                using var rekey = await client.PostAsync("/v1/secrets/rekey", null);
                rekey.IsSuccessStatusCode.ShouldBeTrue(await rekey.Content.ReadAsStringAsync());
                (await serve.TerminateAsync()).ShouldBe(0, serve.Log);
            }

            await using var again = await ServeProcess.StartAsync(folder.Data, environment, "--api", "127.0.0.1:0", "--gateway", "127.0.0.1:0");
            again.Log.ShouldContain("of before a rotation");
            (await again.TerminateAsync()).ShouldBe(0, again.Log);
        }
        finally
        {
            Directory.Delete(credentials, recursive: true);
        }
    }

    private static async Task<string> AnalyzeAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(Analyzer, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var analyzer = Process.Start(start)!;
        var error = analyzer.StandardError.ReadToEndAsync();
        var text = await analyzer.StandardOutput.ReadToEndAsync() + await error;
        await analyzer.WaitForExitAsync();
        return text;
    }

    [GeneratedRegex(@"exposure level for \S+: ([0-9.]+)", RegexOptions.None, 1000)]
    private static partial Regex Exposure();

    private sealed class SystemdFact : FactAttribute
    {
        public SystemdFact()
        {
            if (!File.Exists(Analyzer))
                Skip = "skipped: needs systemd-analyze (apt-get install systemd)";
        }
    }
}
