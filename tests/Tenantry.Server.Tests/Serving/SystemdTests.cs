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
    public async Task TheGatewaysServiceIsStartedAgainHoweverItEndedAndWaitsForNobody()
    {
        var unit = await File.ReadAllLinesAsync(Path.Combine(ServerTests.RepositoryRoot(), "deploy", "systemd", "tenantry-gateway.service"));

        // The one that was replaced ends with 0: if the next one fails at that moment, nobody else serves.
        unit.ShouldContain("Restart=always");
        unit.ShouldContain("StartLimitIntervalSec=0");
        unit.ShouldContain("TimeoutStartSec=infinity", "its store may have to be brought up to date first");
        unit.ShouldNotContain(line => line.StartsWith("After=", StringComparison.Ordinal) && line.Contains("tenantry-engine", StringComparison.Ordinal), "it serves without the engine");
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

    [RootFact]
    public async Task TheServicesServeAsTheUnitsStartThemUnderAStrictUmaskAndAsUsersOfTheirOwn()
    {
        using var folder = new TestFolder();
        string[] strict = ["/bin/sh", "-c", "umask 077; exec \"$@\"", "sh"];
        string[] ordinary = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", .. strict];
        await using var engine = await ServeProcess.StartByAsync(strict, folder, "--role", "engine", "--web-user", "nobody");

        await using var web = await ServeProcess.StartByAsync(ordinary, folder, "--role", "api,gateway", "--api", "127.0.0.1:0", "--gateway", "127.0.0.1:0");

        web.HasEnded.ShouldBeFalse(web.Log);
        await web.ReadyAsync();
        (await web.TerminateAsync()).ShouldBe(0, web.Log);
        await using var api = await ServeProcess.StartByAsync(ordinary, folder, "--role", "api", "--api", "127.0.0.1:0");
        await using var gateway = await ServeProcess.StartByAsync(ordinary, folder, "--role", "gateway", "--gateway", "127.0.0.1:0");
        api.HasEnded.ShouldBeFalse(api.Log);
        gateway.HasEnded.ShouldBeFalse(gateway.Log);
        await api.ReadyAsync();
        using var client = new HttpClient();
        using var answer = await client.GetAsync(new Uri(gateway.Gateway, "/.well-known/tenantry/gateway"));
        answer.IsSuccessStatusCode.ShouldBeTrue(gateway.Log);
        File.GetUnixFileMode(Path.Combine(folder.Data, "targets")).HasFlag(UnixFileMode.OtherExecute).ShouldBeTrue("instances' users pass it");
        File.GetUnixFileMode(Path.Combine(folder.Data, "engine")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
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
