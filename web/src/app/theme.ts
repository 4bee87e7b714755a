import { createTheme } from '@mantine/core';

const field = { size: 'sm' as const };

export const theme = createTheme({
  primaryColor: 'cyan',
  defaultRadius: 'md',
  respectReducedMotion: true,
  // By name, not `Menu.extend(…)`: that would make every one of them part of the first load.
  components: {
    // Menus and lists stand in the page's main part, not beside all landmarks, where screen readers would not find them.
    Popover: { defaultProps: { portalProps: { target: '#main' } } },
    Menu: { defaultProps: { shadow: 'md', withInitialFocusPlaceholder: false, transitionProps: { duration: 80 } } },
    Tooltip: { defaultProps: { openDelay: 400, transitionProps: { duration: 80 } } },
    Button: { defaultProps: { size: 'sm' } },
    ActionIcon: { defaultProps: { variant: 'subtle', color: 'gray', size: 'lg' } },
    TextInput: { defaultProps: field },
    PasswordInput: { defaultProps: field },
    NumberInput: { defaultProps: field },
    Textarea: { defaultProps: field },
    Select: { defaultProps: { ...field, allowDeselect: false } },
    TagsInput: { defaultProps: field },
    Autocomplete: { defaultProps: field },
    Switch: { defaultProps: field },
  },
});
