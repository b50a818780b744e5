using System.Net;
using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using System.Text;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Tenantry.Client;
using Tenantry.Model.Instances;
using Tenantry.Model.Operations;
using Tenantry.Model.Wire;
using Tenantry.Server.Api;
using Tenantry.Server.Events;
using Tenantry.Server.Tests.Serving;
using Tenantry.Targets.Abstractions;
using static Tenantry.Server.Tests.Api.TestApi;

namespace Tenantry.Server.Tests.Api;

public class StreamTests
{
    private static async Task<TestApi> WithAliceAsync()
    {
        var api = await StartAsync();
        await api.SetUpAsync();
        await api.AddAsync("alice");
        return api;
    }

    private static LogLine Line(string text, bool isError = false) => new(DateTimeOffset.UnixEpoch, "web", isError, text);

    [Fact]
    public async Task AStreamAskedForWhileTheServerStopsIsEmptyAndNotAFailure()
    {
        using var stopping = new CancellationTokenSource();
        await stopping.CancelAsync();
        var context = new DefaultHttpContext
        {
            RequestServices = new ServiceCollection().AddSingleton<IHostApplicationLifetime>(new StoppingLifetime(stopping.Token)).BuildServiceProvider(),
        };
        using var body = new MemoryStream();
        context.Response.Body = body;
        var stream = new EventStream(NeverAsync, TimeProvider.System);

        await stream.ExecuteAsync(context);

        context.Response.StatusCode.ShouldBe(200);
        body.Length.ShouldBe(0);

        static async IAsyncEnumerable<StreamEvent> NeverAsync([EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
            yield break;
        }
    }

    [Fact]
    public async Task ACallerHasSoManyEventStreamsAndAPlaceIsFreeWhenOneEnds()
    {
        await using var api = await WithAliceAsync();
        var (client, other) = (api.Client(await api.TokenAsync("a")), api.Client(await api.TokenAsync("b")));
        var open = new List<HttpResponseMessage>();
        for (var i = 0; i < OpenStreams.Most; i++)
            open.Add(await client.GetAsync("/v1/events", HttpCompletionOption.ResponseHeadersRead));
        open.ShouldAllBe(answer => answer.StatusCode == HttpStatusCode.OK);

        await ProblemAsync(await client.GetAsync("/v1/events", HttpCompletionOption.ResponseHeadersRead), HttpStatusCode.TooManyRequests, ProblemCodes.TooManyRequests);
        using var another = await other.GetAsync("/v1/events", HttpCompletionOption.ResponseHeadersRead);
        another.StatusCode.ShouldBe(HttpStatusCode.OK);
        open[0].Dispose();
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        for (HttpStatusCode status = default; status != HttpStatusCode.OK;)
        {
            using var again = await client.GetAsync("/v1/events", HttpCompletionOption.ResponseHeadersRead, late.Token);
            status = again.StatusCode;
        }

        open.ForEach(answer => answer.Dispose());
    }

    [Fact]
    public async Task AnExportThatFailsOnItsWayIsASentenceForOurClientAndACutConnectionForOthers()
    {
        await using var api = await WithAliceAsync();
        api.Engine.Data = new byte[100_000];
        api.Engine.DataFailure = new TargetException("The name of bad\\xff\u00e4 is not UTF-8.", retryable: false, fix: "Rename it.", fault: TargetFault.Content);
        using var written = new MemoryStream();
        using var client = new TenantryClient(TenantryAddress.OfSocket(api.Socket));

        var told = await Should.ThrowAsync<TenantryException>(() => client.Instances.ExportDataAsync("alice", written));
        (told.Status, told.Message).ShouldBe((HttpStatusCode.InternalServerError, "The name of bad\\xff\u00e4 is not UTF-8. Rename it."));
        await Should.ThrowAsync<HttpRequestException>(() => api.Local.GetByteArrayAsync("/v1/instances/alice/data"));

        api.Engine.Data = [];
        (await Should.ThrowAsync<TenantryException>(() => client.Instances.ExportDataAsync("alice", written))).Message.ShouldContain("not UTF-8");
        api.Engine.DataFailure = null;
        api.Engine.Data = [.. ProblemAtEnd.Mark, .. "{\"status\":500}"u8, .. new byte[1024]];
        await client.Instances.ExportDataAsync("alice", written);
    }

    [Fact]
    public void WorkThatIsGivenUpBecauseTheServerStopsIs503AndNot500() =>
        Problems.Of(new OperationCanceledException()).ShouldSatisfyAllConditions(p => p.Status.ShouldBe(503), p => p.Code.ShouldBe(ProblemCodes.Stopping));

    [Fact]
    public async Task LogsAreOneJsonObjectALine()
    {
        await using var api = await WithAliceAsync();
        api.Engine.Logs.AddRange([Line("hello \"world\""), Line("ouch\u001b[31m", isError: true)]);

        using var answer = await api.Local.GetAsync("/v1/instances/alice/logs?tail=10&since=2026-11-02T03:04:05Z&service=web&follow=false");

        answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/x-ndjson");
        (await answer.Content.ReadAsStringAsync()).ShouldBe(
            """
            {"at":"1970-01-01T00:00:00Z","service":"web","stream":"stdout","text":"hello \"world\""}
            {"at":"1970-01-01T00:00:00Z","service":"web","stream":"stderr","text":"ouch\u001B[31m"}

            """);
    }

    [Fact]
    public async Task AFollowerGetsItsHeadersAtOnceAndEachLineAsItComes()
    {
        await using var api = await WithAliceAsync();
        var more = Channel.CreateUnbounded<LogLine>();
        api.Engine.MoreLogs = more;

        using var answer = await api.Local.GetAsync("/v1/instances/alice/logs?follow=true", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        foreach (var text in new[] { "one", "two" })
        {
            await more.Writer.WriteAsync(Line(text));
            (await reader.ReadLineAsync().SoonAsync())!.ShouldContain($"\"text\":\"{text}\"");
        }

        more.Writer.Complete();
        (await reader.ReadLineAsync().SoonAsync()).ShouldBeNull();
    }

    [Fact]
    public async Task ALogThatCannotBeReadIsAProblem()
    {
        await using var api = await WithAliceAsync();
        api.Engine.Failure = new TargetException("It is broken.", retryable: true, fix: "Mend it.");
        var failed = await ProblemAsync(await api.Local.GetAsync("/v1/instances/alice/logs"), HttpStatusCode.BadGateway, ProblemCodes.TargetFailed);
        api.Engine.Failure = new NotSupportedException("This target keeps no logs.");
        var unsupported = await ProblemAsync(await api.Local.GetAsync("/v1/instances/alice/logs?follow=true"), HttpStatusCode.NotImplemented, ProblemCodes.NotSupported);
        api.Engine.IsAway = true;
        using var away = await api.Local.GetAsync("/v1/instances/alice/logs");

        failed.Detail.ShouldBe("It is broken. Mend it.");
        unsupported.Detail.ShouldBe("This target keeps no logs.");
        away.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(1));
        await ProblemAsync(away, HttpStatusCode.ServiceUnavailable, ProblemCodes.EngineUnavailable);
    }

    [Fact]
    public async Task BadQuestionsAboutLogsAreToldAtOnce()
    {
        await using var api = await WithAliceAsync();

        var problem = await ProblemAsync(
            await api.Local.GetAsync("/v1/instances/alice/logs?tail=-1&since=yesterday&follow=1"), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);

        problem.Errors!.Select(e => e.Path).ShouldBe(["tail", "since", "follow"]);
    }

    [Fact]
    public async Task StatsAreTold()
    {
        await using var api = await WithAliceAsync();

        var stats = await ReadAsync<StatsResponse>(await api.Local.GetAsync("/v1/instances/alice/stats"));

        (stats.Slug, stats.CpuSeconds, stats.MemoryBytes, stats.Pids, stats.DiskBytes).ShouldBe(("alice", 1.5, 1000, 3, null));
    }

    [Fact]
    public async Task AnOperationIsWatchedUntilItIsFinished()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        var operation = await api.AddAsync("alice");

        using var answer = await api.Local.GetAsync($"/v1/operations/{operation.Id}/events", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        (await reader.ReadLineAsync().SoonAsync()).ShouldBe("id: 1");
        (await reader.ReadLineAsync().SoonAsync()).ShouldBe("event: operation");
        (await reader.ReadLineAsync().SoonAsync())!.ShouldContain("\"state\":\"Pending\"");
        await api.SeeAsync("alice", InstancePhase.Running);
        api.Engine.Tell();
        var rest = await reader.ReadToEndAsync().SoonAsync();

        answer.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
        rest.ShouldContain("\"state\":\"Succeeded\"");
        rest.ShouldEndWith("\n\n");
    }

    [Fact]
    public async Task AnOperationThatIsFinishedIsSentOnce()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        var operation = await api.AddAsync("alice");
        await api.SeeAsync("alice", InstancePhase.Failed, OperationState.Failed);

        var text = await api.Local.GetStringAsync($"/v1/operations/{operation.Id}/events");

        text.Split("event: operation").Length.ShouldBe(2);
        text.ShouldContain("\"state\":\"Failed\"");
    }

    [Fact]
    public async Task EventsGoOnWhereTheyWereLeft()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/events?after=0");
        using var first = await api.Local.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await first.Content.ReadAsStreamAsync());
        (await reader.ReadLineAsync().SoonAsync()).ShouldBe("id: 1");
        (await reader.ReadLineAsync().SoonAsync()).ShouldBe("event: target");
        (await reader.ReadLineAsync().SoonAsync())!.ShouldContain("\"key\":\"local\"");

        using var again = new HttpRequestMessage(HttpMethod.Get, "/v1/events");
        again.Headers.Add("Last-Event-ID", "1");
        using var second = await api.Local.SendAsync(again, HttpCompletionOption.ResponseHeadersRead);
        using var rest = new StreamReader(await second.Content.ReadAsStreamAsync());

        (await rest.ReadLineAsync().SoonAsync()).ShouldBe("id: 2");
        (await rest.ReadLineAsync().SoonAsync()).ShouldBe("event: app");
    }

    [Fact]
    public async Task WithoutASequenceEventsBeginNow()
    {
        await using var api = await StartAsync();
        await api.SetUpAsync();
        using var answer = await api.Local.GetAsync("/v1/events", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());

        using var created = await api.Local.PostAsync("/v1/tenants", Json(new { name = "alice" }));
        api.Engine.Tell();
        await reader.ReadLineAsync().SoonAsync();
        (await reader.ReadLineAsync().SoonAsync()).ShouldBe("event: tenant");
        (await reader.ReadLineAsync().SoonAsync())!.ShouldContain("\"key\":\"alice\",\"action\":\"created\"");
        await ProblemAsync(await api.Local.GetAsync("/v1/events?after=x"), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
    }

    [Fact]
    public async Task WhatTheEngineDoesNotTellIsFoundInTheStore()
    {
        await using var api = await StartAsync();
        api.Engine.IsAway = true;
        using var answer = await api.Local.GetAsync("/v1/events", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());

        using var created = await api.Local.PostAsync("/v1/tenants", Json(new { name = "alice" }));

        (await reader.ReadLineAsync().SoonAsync())!.ShouldStartWith("id: ");
    }

    private sealed class StoppingLifetime(CancellationToken stopping) : IHostApplicationLifetime
    {
        public CancellationToken ApplicationStarted => default;

        public CancellationToken ApplicationStopping => stopping;

        public CancellationToken ApplicationStopped => default;

        public void StopApplication()
        {
            // Nothing to stop.
        }
    }
}
