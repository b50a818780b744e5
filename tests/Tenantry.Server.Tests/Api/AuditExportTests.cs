using System.Net;
using Tenantry.Model.Wire;
using Tenantry.Server.Auditing;
using static Tenantry.Server.Tests.Api.TestApi;

namespace Tenantry.Server.Tests.Api;

/// <summary>What leaves the control plane can be verified without it.</summary>
public sealed class AuditExportTests
{
    private static Task<string?> VerifyAsync(IEnumerable<string> lines) => AuditExport.VerifyAsync(new StringReader(string.Join('\n', lines)), CancellationToken.None);

    [Fact]
    public async Task AnExportIsWholeAndWhatWasDoneToItIsNamed()
    {
        await using var api = await StartAsync();
        foreach (var name in (string[])["ann", "bob", "cleo"])
            (await api.Local.PostAsync("/v1/tenants", Json(new { name }))).StatusCode.ShouldBe(HttpStatusCode.Created);
        using var answer = await api.Local.GetAsync("/v1/audit/export");
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/jsonl");
        var lines = (await answer.Content.ReadAsStringAsync()).TrimEnd('\n').Split('\n');

        lines.Length.ShouldBe(4);
        (await VerifyAsync(lines)).ShouldBeNull();
        (await VerifyAsync([lines[0], lines[1].Replace("tenant bob", "tenant bo8", StringComparison.Ordinal), .. lines[2..]])).ShouldBe("Audit row 2 was changed after it was written.");
        (await VerifyAsync([lines[0], lines[1].Replace("\"socket\"", "\"token 1\"", StringComparison.Ordinal), .. lines[2..]])).ShouldBe("Audit row 2 was changed after it was written.");
        (await VerifyAsync([lines[0], .. lines[2..]])).ShouldBe("Audit row 2 is missing.");
        (await VerifyAsync([lines[1], lines[0], .. lines[2..]])).ShouldBe("Audit row 1 is missing.");
        (await VerifyAsync([lines[0], lines[1], lines[3]])).ShouldBe("Audit row 3 is missing.");
        (await VerifyAsync(lines[..3])).ShouldBe("The export ends before its last line: it was cut off.");
        (await VerifyAsync([lines[0], "{}", .. lines[1..]])).ShouldBe("Line 2 is no row of an audit.");
        (await VerifyAsync([lines[0], "x"])).ShouldBe("Line 2 is no row of an audit.");
    }

    [Fact]
    public async Task ARowTellsThroughWhatAndWhatWasSoBeforeAndAfter()
    {
        await using var api = await StartAsync();
        (await api.Local.PostAsync("/v1/tenants", Json(new { name = "ann" }))).StatusCode.ShouldBe(HttpStatusCode.Created);
        using var request = new HttpRequestMessage(HttpMethod.Patch, "/v1/tenants/ann") { Content = Json(new { costCentre = "42" }) };
        request.Headers.Add("If-Match", "*");
        (await api.Client(await api.TokenAsync("ci")).SendAsync(request)).StatusCode.ShouldBe(HttpStatusCode.OK);

        var row = (await ReadAsync<PageResponse<AuditResponse>>(await api.Local.GetAsync("/v1/audit?actor=ci&limit=1"))).Items.ShouldHaveSingleItem();

        row.Through.ShouldMatch("^token [0-9a-f]{12}$");
        row.RequestId.ShouldNotBeEmpty();
        row.Changes.ShouldHaveSingleItem().ShouldBe(new ChangeResponse("tenant ann", "costCentre", "", "42"));
        (await ReadAsync<PageResponse<AuditResponse>>(await api.Local.GetAsync("/v1/audit?actor=local&action=tenant"))).Items.ShouldHaveSingleItem().Through.ShouldBe("socket");
        await ProblemAsync(await api.Local.GetAsync("/v1/audit?since=yesterday"), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
        await ProblemAsync(await api.Local.GetAsync("/v1/audit?acter=x"), HttpStatusCode.UnprocessableEntity, ProblemCodes.Invalid);
    }
}
