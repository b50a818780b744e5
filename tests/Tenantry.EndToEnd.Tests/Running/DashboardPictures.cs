using Microsoft.Playwright;

namespace Tenantry.EndToEnd.Tests.Running;

/// <summary>Pictures of pages for the documentation, taken anew when <c>TENANTRY_WRITE_GOLDEN=1</c> says so.</summary>
internal static class DashboardPictures
{
    public static bool AreTaken => Environment.GetEnvironmentVariable("TENANTRY_WRITE_GOLDEN") == "1";

    /// <summary>Tenants enough for a picture of a fleet, and members.</summary>
    public static async Task PeopleAsync(ControlPlane plane)
    {
        (await plane.CallAsync("organization", "add", "acme")).ShouldEndWith(0);
        foreach (var (email, name, role) in ((string, string, string)[])[("olga@example.com", "Olga Lindqvist", "owner"), ("dan@example.com", "Dan Okafor", "member")])
            (await plane.CallAsync("member", "add", "acme", email, "--name", name, "--role", role)).ShouldEndWith(0);
        foreach (var (name, rest) in ((string, string?)[])[("globex", "sleep"), ("hooli", "freeze"), ("initech", "sleep"), ("umbrella", null)])
        {
            (await plane.CallAsync("tenant", "add", name, "--app", "notes", "--organization", "acme")).ShouldEndWith(0);
            if (rest is not null)
                (await plane.CallAsync(rest, name)).ShouldEndWith(0);
        }
    }

    public static async Task TakeAsync(IPage page, string name, bool isPhone, ColorScheme scheme)
    {
        // Phones in the dark show nothing that the two others do not.
        if (!AreTaken || (isPhone && scheme == ColorScheme.Dark))
            return;
        if (name == "instance")
            await page.Locator("[data-chart=cpu][data-points='8']").WaitForAsync();
        var kind = isPhone ? "phone" : scheme == ColorScheme.Dark ? "dark" : "light";
        await page.ScreenshotAsync(new() { Path = Path.Combine(Repository.Root, "docs", "images", $"{name}-{kind}.png"), Animations = ScreenshotAnimations.Disabled });
    }
}
