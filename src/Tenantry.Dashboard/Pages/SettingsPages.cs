using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using Tenantry.Model.Manifests;

namespace Tenantry.Dashboard.Pages;

/// <summary>What the platform stands on, and who may do what.</summary>
internal static class SettingsPages
{
    private const int PeopleShown = 200;

    public static void MapSettings(this IEndpointRouteBuilder pages)
    {
        pages.MapGet("/settings", ShowTargetsAsync);
        pages.MapPost("/settings/targets/{target}/check", CheckAsync);
        pages.MapGet("/settings/people", ShowPeopleAsync);
        pages.MapPost("/settings/people", AddPersonAsync);
        pages.MapPost("/settings/members", PutMemberAsync);
        pages.MapPost("/settings/members/remove", RemoveMemberAsync);
        pages.MapPost("/settings/organizations", AddOrganizationAsync);
        pages.MapPost("/settings/organizations/{organization}/remove", RemoveOrganizationAsync);
        pages.MapPost("/settings/organizations/{organization}/quota", PutQuotaAsync);
        pages.MapGet("/settings/tokens", ShowTokensAsync);
        pages.MapPost("/settings/tokens", CreateTokenAsync);
        pages.MapPost("/settings/tokens/revoke", RevokeTokenAsync);
    }

    private static async Task<IResult> ShowTargetsAsync(PageApi api, CancellationToken cancellationToken) => new Page<TargetsPage>(
        (nameof(TargetsPage.Server), await api.Client.GetServerAsync(cancellationToken)),
        (nameof(TargetsPage.Targets), await api.IfAllowedAsync("GET /v1/targets", () => api.Client.Targets.ListAsync(cancellationToken).ToListAsync(cancellationToken).AsTask())));

    // It asks the platform, so that it is a form's to begin, and no link's.
    private static async Task<IResult> CheckAsync(string target, PageApi api, HttpContext context, CancellationToken cancellationToken)
    {
        await FormToken.ReadFormAsync(context);
        return new Page<TargetCheck>((nameof(TargetCheck.Check), await api.Client.Targets.CheckAsync(target, cancellationToken)));
    }

    private static async Task<IResult> ShowPeopleAsync([FromQuery] string? organization, [FromQuery] string? cursor, PageApi api, CancellationToken cancellationToken)
    {
        var organizations = await api.Client.People.ListOrganizationsAsync(cancellationToken).ToListAsync(cancellationToken);
        var chosen = organizations.FirstOrDefault(one => one.Name == organization)?.Name ?? organizations.FirstOrDefault()?.Name;
        return new Page<PeoplePage>(
            (nameof(PeoplePage.Organizations), organizations.Select(one => one.Name).ToArray()),
            (nameof(PeoplePage.Organization), chosen),
            (nameof(PeoplePage.Quotas), chosen is null ? null : await api.IfAllowedAsync("GET /v1/organizations/{organization}/quotas", () => api.Client.People.ListQuotasAsync(chosen, cancellationToken).ToListAsync(cancellationToken).AsTask(), chosen)),
            (nameof(PeoplePage.Members), chosen is null ? null : await api.IfAllowedAsync("GET /v1/organizations/{organization}/members", () => api.Client.People.ListMembersAsync(chosen, cancellationToken).ToListAsync(cancellationToken).AsTask(), chosen)),
            (nameof(PeoplePage.People), await api.IfAllowedAsync("GET /v1/people", () => api.Client.People.GetPageAsync(Null(cursor ?? ""), PeopleShown, cancellationToken))),
            (nameof(PeoplePage.IsFirst), string.IsNullOrEmpty(cursor)));
    }

    private static async Task<IResult> AddPersonAsync(PageApi api, HttpContext context, CancellationToken cancellationToken)
    {
        var form = await FormToken.ReadFormAsync(context);
        Role? role = form["role"].ToString() is { Length: > 0 } text ? ReadRole(text) : null;
        await api.Client.People.Create(new CreatePersonRequest(form["email"].ToString(), Null(form["name"].ToString()), role, Null(form["password"].ToString()))).SendAsync(cancellationToken);
        return InstanceForms.To("/settings/people");
    }

    private static async Task<IResult> PutMemberAsync(PageApi api, HttpContext context, CancellationToken cancellationToken)
    {
        var form = await FormToken.ReadFormAsync(context);
        var organization = form["organization"].ToString();
        await api.Client.People.PutMember(organization, form["email"].ToString(), new PutMemberRequest(ReadRole(form["role"].ToString()), Null(form["name"].ToString()))).SendAsync(cancellationToken);
        return InstanceForms.To($"/settings/people?organization={Uri.EscapeDataString(organization)}");
    }

    private static async Task<IResult> RemoveMemberAsync(PageApi api, HttpContext context, CancellationToken cancellationToken)
    {
        var form = await FormToken.ReadFormAsync(context);
        var organization = form["organization"].ToString();
        await api.Client.People.RemoveMember(organization, form["email"].ToString()).SendAsync(cancellationToken);
        return InstanceForms.To($"/settings/people?organization={Uri.EscapeDataString(organization)}");
    }

    private static async Task<IResult> AddOrganizationAsync(PageApi api, HttpContext context, CancellationToken cancellationToken)
    {
        var form = await FormToken.ReadFormAsync(context);
        var made = await api.Client.People.CreateOrganization(form["organization"].ToString().Trim()).SendAsync(cancellationToken);
        return InstanceForms.To($"/settings/people?organization={Uri.EscapeDataString(made.Name)}");
    }

    private static async Task<IResult> RemoveOrganizationAsync(string organization, PageApi api, HttpContext context, CancellationToken cancellationToken)
    {
        var form = await FormToken.ReadFormAsync(context);
        if (form["name"] != organization)
            throw ProblemException.Invalid("name", $"To remove it, its name is typed: {organization}. Nothing was removed.");
        await api.Client.People.DeleteOrganization(organization).SendAsync(cancellationToken);
        return InstanceForms.To("/settings/people");
    }

    private static async Task<IResult> PutQuotaAsync(string organization, PageApi api, HttpContext context, CancellationToken cancellationToken)
    {
        var form = await FormToken.ReadFormAsync(context);
        await api.Client.People.PutQuota(organization, new PutQuotaRequest(QuotaForm.Read(form), Null(form["tier"].ToString().Trim()))).SendAsync(cancellationToken);
        return InstanceForms.To($"/settings/people?organization={Uri.EscapeDataString(organization)}");
    }

    private static async Task<IResult> ShowTokensAsync(PageApi api, CancellationToken cancellationToken) => await TokensAsync(api, null, cancellationToken);

    private static async Task<IResult> TokensAsync(PageApi api, CreateTokenResponse? made, CancellationToken cancellationToken) => new Page<TokensPage>(
        (nameof(TokensPage.Tokens), await api.IfAllowedAsync("GET /v1/tokens", () => api.Client.Tokens.ListAsync(cancellationToken).ToListAsync(cancellationToken).AsTask())),
        (nameof(TokensPage.Organizations), (await api.Client.People.ListOrganizationsAsync(cancellationToken).ToListAsync(cancellationToken)).Select(one => one.Name).ToArray()),
        (nameof(TokensPage.Made), made));

    // Shown in the answer to the form and nowhere else: it is not kept anywhere that a page could be asked for again.
    private static async Task<IResult> CreateTokenAsync(PageApi api, HttpContext context, CancellationToken cancellationToken)
    {
        var form = await FormToken.ReadFormAsync(context);
        double? life = form["days"].ToString() is { Length: > 0 } days
            ? double.TryParse(days, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? TimeSpan.FromDays(number).TotalSeconds : throw ProblemException.Invalid("days", "A whole number of days is expected.")
            : null;
        var made = await api.Client.Tokens.Create(new CreateTokenRequest(form["name"].ToString(), life, ReadRole(form["role"].ToString()), Null(form["organization"].ToString()))).SendAsync(cancellationToken);
        return await TokensAsync(api, made, cancellationToken);
    }

    private static async Task<IResult> RevokeTokenAsync(PageApi api, HttpContext context, CancellationToken cancellationToken)
    {
        var form = await FormToken.ReadFormAsync(context);
        await api.Client.Tokens.Revoke(form["token"].ToString()).SendAsync(cancellationToken);
        return InstanceForms.To("/settings/tokens");
    }

    private static Role ReadRole(string text) => Enum.TryParse<Role>(text, out var role) && Enum.IsDefined(role)
        ? role
        : throw ProblemException.Invalid("role", $"One of {string.Join(", ", Enum.GetNames<Role>())} is expected.{Nearest.Hint(text, Enum.GetNames<Role>())}");

    private static string? Null(string text) => text.Length == 0 ? null : text;
}
