import { getSession, login as loginCall, logout as logoutCall } from '@/api';
import { answer } from '@/lib/problem';

export const getAccount = () => answer(getSession());
export const loginByPassword = (password: string) => answer(loginCall({ body: { password } }));
export const loginByToken = (token: string) => answer(loginCall({ body: { token } }));
export const logout = () => answer(logoutCall());
