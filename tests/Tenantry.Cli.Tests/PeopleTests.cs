using Microsoft.AspNetCore.Http;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Tests;

public class PeopleTests
{
    [Fact]
    public async Task AnOrganizationIsRemovedWhenThatIsSaid()
    {
        await using var api = await FakeApi.StartAsync();
        api.On("DELETE /v1/organizations/acme", context =>
        {
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return Task.CompletedTask;
        });

        var unsure = await CliRun.Of(api, "organization", "remove", "acme");
        var sure = await CliRun.Of(api, "organization", "remove", "acme", "--yes");

        unsure.ExitCode.ShouldBe(2);
        unsure.Error.ShouldContain("--yes");
        sure.ExitCode.ShouldBe(0, sure.Error);
        api.Single("DELETE /v1/organizations/acme").Query.ShouldBe("");
    }

    [Fact]
    public async Task OnesOwnPasswordIsChangedOverHttpAlone()
    {
        await using var api = await FakeApi.StartAsync();

        var run = await CliRun.Of(api, "person", "password", "ann@example.com");

        run.ExitCode.ShouldBe(2);
        run.Error.ShouldContain("over HTTP");
        run.Error.ShouldContain("tenantry person set ann@example.com --password");
        api.Requests.ShouldBeEmpty();
    }
}
