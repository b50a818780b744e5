using Tenantry.Cli.Connecting;
using Tenantry.Cli.Running;

namespace Tenantry.Cli.Tests;

public class ConnectingTests
{
    [Fact]
    public async Task NoControlPlaneIsExitCodeSevenAndSaysWhatToDo()
    {
        var folder = Path.Combine(Path.GetTempPath(), "tenantry-nobody-" + Guid.NewGuid().ToString("n"));

        var run = await CliRun.Of(new CliSetting { Data = folder }, "status", "-o", "json");

        run.ExitCode.ShouldBe(7);
        run.Error.ShouldContain($"unix:{folder}/api.sock");
        run.Error.ShouldContain("tenantry serve");
        run.Json.GetProperty("error").GetProperty("code").GetString().ShouldBe("unavailable");
    }

    [Theory]
    [InlineData("--server", null, "http://a:1", "unix:/d/api.sock", "http://a:1")]
    [InlineData(null, "/o", "http://a:1", "/v", "unix:/o/api.sock")]
    [InlineData(null, null, "http://a:1", "/v", "http://a:1")]
    [InlineData(null, null, null, "/v", "unix:/v/api.sock")]
    public void TheCommandLineGoesBeforeVariables(string? serverOption, string? dataOption, string? serverVariable, string? dataVariable, string expected)
    {
        var host = CliHost.OfProcess() with
        {
            Variable = name => name switch { "TENANTRY_SERVER" => serverVariable, "TENANTRY_DATA" => dataVariable, _ => null },
        };

        ServerLocation.Of(host, serverOption is null ? null : "http://a:1", dataOption).ToString().ShouldBe(expected);
    }

    [Theory]
    [InlineData(true, null, "/home/u", "/var/lib/tenantry")]
    [InlineData(false, null, "/home/u", "/home/u/.local/share/tenantry")]
    [InlineData(false, "/share", "/home/u", "/share/tenantry")]
    public void TheDataFolderIsTheUsersOwn(bool isRoot, string? share, string home, string expected)
    {
        var host = CliHost.OfProcess() with
        {
            IsRoot = isRoot,
            Variable = name => name switch { "XDG_DATA_HOME" => share, "HOME" => home, _ => null },
        };

        DataFolder.Of(host, null).ShouldBe(expected);
    }

    [Fact]
    public async Task AnAddressThatIsNoneIsWrongUsage()
    {
        var run = await CliRun.Of(new CliSetting(), "status", "--server", "ftp://somewhere");

        run.ExitCode.ShouldBe(2);
        run.Error.ShouldContain("http://HOST:PORT");
    }

    [Fact]
    public async Task TheTokenIsSentAndNeverPrinted()
    {
        await using var api = await FakeApi.StartAsync();
        api.OnProblem("GET /v1/instances", 401, "unauthorized", "The token is not valid.");
        var setting = new CliSetting
        {
            Variables = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["TENANTRY_SERVER"] = $"unix:{api.Folder}/api.sock",
                ["TENANTRY_TOKEN"] = "ten_verysecret",
            },
        };

        var run = await CliRun.Of(setting, "status", "-o", "json");

        run.ExitCode.ShouldBe(5);
        api.Single("GET /v1/instances").Headers["Authorization"].ShouldBe("Bearer ten_verysecret");
        (run.Out + run.Error).ShouldNotContain("verysecret");
        run.Error.ShouldContain("TENANTRY_TOKEN");
    }
}
