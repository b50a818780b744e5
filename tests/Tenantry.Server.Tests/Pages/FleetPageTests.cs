using System.Diagnostics;
using System.Net;
using System.Text.RegularExpressions;
using Tenantry.Dashboard.Serving;
using Tenantry.Model.Wire;
using Tenantry.Server.Store;
using Tenantry.Server.Tests.Api;
using Xunit.Abstractions;
using static Tenantry.Server.Tests.Api.TestApi;

namespace Tenantry.Server.Tests.Pages;

/// <summary>The page of the fleet, as it is served.</summary>
public sealed class FleetPageTests(ITestOutputHelper output)
{
    private const int Many = 10_000;

    // As they are in the store, told from one of them: each is made by the API elsewhere.
    private static async Task MultiplyAsync(TestApi api)
    {
        await using var database = StoreFactory.Connect("sqlite", api.Folders, api.Time);
        await database.WriteAsync(
            async session =>
            {
                foreach (var (table, own) in new (string, string[])[] { ("tenants", ["name"]), ("instances", ["id", "slug", "tenant"]), ("statuses", ["instance_id"]) })
                {
                    var columns = await session.ListAsync<string>($"SELECT name FROM pragma_table_info('{table}')");
                    var values = columns.Select(column =>
                        own.Contains(column, StringComparer.Ordinal) ? $"{column} || '-' || n" : column == "phase" ? "CASE WHEN n % 10 = 0 THEN 'Asleep' ELSE 'Running' END" : column);
                    var made = await session.ExecuteAsync($"""
                        WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {Many - 1})
                        INSERT INTO {table} ({string.Join(", ", columns)}) SELECT {string.Join(", ", values)} FROM {table}, numbers
                        """);
                    made.ShouldBe(Many - 1);
                }

                return true;
            },
            CancellationToken.None);
    }

    [Fact]
    public async Task TenThousandInstancesAreOnePageOfFiftyWithTheirNumbersAndEveryChoiceIsInTheAddress()
    {
        await using var api = await StartAsync(pages: new DashboardPages());
        await api.SetUpAsync();
        await api.AddAsync("alice");
        await api.SeeAsync("alice", Model.Instances.InstancePhase.Running);
        await MultiplyAsync(api);
        var browser = await Browser.SignedInAsync(api, "ann@example.com", Role.Viewer);

        var first = await PageAsync("/");
        Rows(first).Count.ShouldBe(50);
        first.ShouldContain("1–50 of 10,000");
        Text(first).ShouldContain("Asleep 999");
        first.ShouldContain("href=\"/?page=2\"");

        var last = await PageAsync("/?page=200");
        last.ShouldContain("9,951–10,000 of 10,000");
        Rows(last).Count.ShouldBe(50);
        Rows(last).Intersect(Rows(first), StringComparer.Ordinal).ShouldBeEmpty();

        var found = await PageAsync("/?q=alice-123&phase=Running&sort=-slug");
        Rows(found).Count.ShouldBe(10);
        Rows(found)[0].ShouldBe("alice-1239");
        // What was typed and chosen stays in the form and in each link.
        found.ShouldContain("value=\"alice-123\"");
        found.ShouldContain("<input type=\"hidden\" name=\"phase\" value=\"Running\"");
        found.ShouldContain("<input type=\"hidden\" name=\"sort\" value=\"-slug\"");
        WebUtility.HtmlDecode(found).ShouldContain("/live/fleet?q=alice-123&phase=Running&sort=-slug");
        Rows(await PageAsync("/?phase=Asleep&page=20")).Count.ShouldBe(49);
        (await PageAsync("/?q=nobody")).ShouldContain("Nothing matches");

        async Task<string> PageAsync(string path)
        {
            var begin = Stopwatch.GetTimestamp();
            using var answer = await browser.SendAsync(HttpMethod.Get, path, headers: ("Accept", "text/html"));
            answer.StatusCode.ShouldBe(HttpStatusCode.OK);
            var html = await answer.Content.ReadAsStringAsync();
            output.WriteLine($"{path}: {Stopwatch.GetElapsedTime(begin).TotalMilliseconds:0} ms, {html.Length / 1024} KiB");
            return html;
        }
    }

    private static IReadOnlyList<string> Rows(string html) => [.. Regex.Matches(html, "<tr id=\"row-([^\"]+)\"").Select(match => match.Groups[1].Value)];

    private static string Text(string html) => Regex.Replace(Regex.Replace(html, "<[^>]+>", " "), @"\s+", " ");
}
