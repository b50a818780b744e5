using Tenantry.Model.Wire;

namespace Tenantry.Cli.Tests;

public class ExitCodeTests
{
    [Theory]
    [InlineData(400, 2)]
    [InlineData(401, 5)]
    [InlineData(403, 5)]
    [InlineData(404, 3)]
    [InlineData(409, 4)]
    [InlineData(412, 4)]
    [InlineData(422, 2)]
    [InlineData(428, 2)]
    [InlineData(500, 1)]
    [InlineData(501, 1)]
    [InlineData(502, 7)]
    [InlineData(503, 7)]
    [InlineData(504, 6)]
    public async Task EachProblemHasItsExitCode(int status, int expected)
    {
        await using var api = await FakeApi.StartAsync();
        api.OnProblem("GET /v1/instances/alice", status, "a-code", "This is why.");

        var run = await CliRun.Of(api, "status", "alice", "-o", "json");

        run.ExitCode.ShouldBe(expected);
        run.Error.ShouldContain("This is why.");
        var error = run.Json.GetProperty("error");
        error.GetProperty("exitCode").GetInt32().ShouldBe(expected);
        error.GetProperty("code").GetString().ShouldBe("a-code");
        error.GetProperty("message").GetString().ShouldBe("This is why.");
    }

    [Fact]
    public async Task EveryMistakeOfTheRequestIsShownWithItsPlace()
    {
        await using var api = await FakeApi.StartAsync();
        api.OnProblem(
            "GET /v1/instances/alice",
            422,
            "invalid",
            "Two mistakes.",
            new ProblemError("services.web", "is wrong", "tenantry.yaml", 3, 5),
            new ProblemError("hosts[0]", "is no host name"));

        var run = await CliRun.Of(api, "status", "alice");

        run.Error.ShouldContain("tenantry.yaml:3:5: services.web: is wrong");
        run.Error.ShouldContain("hosts[0]: is no host name");
    }

    [Fact]
    public async Task AnAnswerThatIsNoProblemIsStillASentence()
    {
        await using var api = await FakeApi.StartAsync();
        api.On("GET /v1/instances/alice", async context =>
        {
            context.Response.StatusCode = 502;
            context.Response.ContentType = "text/html";
            await using var writer = new StreamWriter(context.Response.Body);
            await writer.WriteAsync("<h1>Bad gateway</h1>\nmore");
        });

        var run = await CliRun.Of(api, "status", "alice");

        run.ExitCode.ShouldBe(7);
        run.Error.ShouldContain("HTTP 502");
        run.Error.ShouldContain("<h1>Bad gateway</h1>");
    }

    [Fact]
    public async Task InterruptionIsExitCode130()
    {
        await using var api = await FakeApi.StartAsync();
        using var interrupt = new CancellationTokenSource();
        api.On("GET /v1/instances/alice", async context =>
        {
            await interrupt.CancelAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        });

        var run = await CliRun.Of(new CliSetting { Data = api.Folder, CancellationToken = interrupt.Token }, "status", "alice");

        run.ExitCode.ShouldBe(130);
    }
}
